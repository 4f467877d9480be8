'use client';

import type { MachineSummary } from '@provefleet/fleet-protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import Link from 'next/link';
import { api, type CreatedJoinToken, errorText } from '../../data/api';
import { useNow } from '../../data/clock';
import { useNewest } from '../../data/queries';
import { useAbility } from '../../data/session';
import { arrivals, arrivalStep } from '../../lib/arrivals';
import { formatAgo, formatBytes, plural } from '../../lib/format';
import { Button } from '../ui/button';
import { Card, Skeleton } from '../ui/card';
import { Failure } from '../ui/failure';
import { StateBadge } from '../ui/state';

/** Machines that joined a short while ago or wait for approval, and how far each is. */
export function Arriving({ created }: { created: CreatedJoinToken | undefined }) {
  const now = useNow();
  const queries = useQueryClient();
  const { able, reason } = useAbility();
  const { data, error, refetch } = useNewest();
  const machines = arrivals(data?.items ?? [], now);
  const pending = machines.filter((machine) => machine.state === 'pending');
  const approve = useMutation({
    mutationFn: async (ids: readonly string[]) => {
      for (const id of ids) await api.approve(id);
    },
    onSettled: () => queries.invalidateQueries(),
  });
  const approveButton = (text: string, name: string, ids: readonly string[]) => (
    <Button size="small" look="tint" disabled={!able || approve.isPending} title={reason || undefined} aria-label={name} onClick={() => approve.mutate(ids)}>{text}</Button>
  );
  return (
    <Card
      title="3. Arriving"
      meta={<span className={created ? 'live' : 'live pending'}><i />{machines.length > 0 ? `${plural(machines.length, 'machine')} in the last 24 hours or waiting` : created ? 'waits for the first machine' : 'nothing yet'}</span>}
      end={pending.length > 1 && approveButton(`Approve ${pending.length}`, `Approve ${plural(pending.length, 'machine')}`, pending.map((machine) => machine.id))}
    >
      {approve.error && <div className="note crit m-4" role="alert">Not approved: {errorText(approve.error)}</div>}
      {!data ? (
        error ? <Failure error={error} onRetry={() => void refetch()} what="Machines" /> : <div className="p-4"><Skeleton className="h-20" /></div>
      ) : machines.length === 0 ? (
        <p className="card-b subtle">Machines appear here by themselves, within a second of joining.</p>
      ) : (
        <table className="tbl list mt-2" aria-label="Arriving machines">
          <colgroup><col style={{ width: '24%' }} /><col style={{ width: '18%' }} /><col style={{ width: '30%' }} /><col style={{ width: '13%' }} /><col style={{ width: '15%' }} /></colgroup>
          <thead><tr><th scope="col">Machine</th><th scope="col">Step</th><th scope="col">Now</th><th scope="col" className="num">Joined</th><th><span className="sr">Action</span></th></tr></thead>
          <tbody>
            {machines.map((machine) => (
              <Arrival key={machine.id} machine={machine} now={now} action={machine.state === 'pending' ? approveButton('Approve', `Approve ${machine.name}`, [machine.id]) : <Link href={`/machines/${machine.id}`}>Open</Link>} />
            ))}
          </tbody>
        </table>
      )}
    </Card>
  );
}

const STEPS = ['Join', 'Trust', 'Run', 'Prove'] as const;

function Arrival({ machine, now, action }: { machine: MachineSummary; now: number; action: ReactNode }) {
  const { done, bad } = arrivalStep(machine);
  const current = STEPS[Math.min(done, STEPS.length - 1)];
  return (
    <tr data-machine={machine.name}>
      <td className="a-name">
        <Link className="l1 name" href={`/machines/${machine.id}`}>{machine.name}</Link>
        <span className="l2">{plural(machine.cpuCores, 'core')}, {formatBytes(machine.memoryTotalBytes)}</span>
      </td>
      <td>
        <span className="l1"><span className="steps" role="img" aria-label={`Step ${Math.min(done + 1, STEPS.length)} of ${STEPS.length}`}>{STEPS.map((step, index) => <i key={step} className={index < done ? 'on' : index === done ? (bad ? 'bad' : 'now') : undefined} />)}</span></span>
        <span className="l2">{done >= STEPS.length ? `${STEPS.length} of ${STEPS.length}: Prove` : `${done + 1} of ${STEPS.length}: ${current}`}</span>
      </td>
      <td className="a-state"><span className="row2"><span className="l1"><StateBadge state={machine.state} /></span>{machine.reason && <span className="l2">{machine.reason}</span>}</span></td>
      <td className="num muted a-rate">{now > 0 && formatAgo(machine.joinedAt, now)}</td>
      <td className="num a-lat">{action}</td>
    </tr>
  );
}
