'use client';

import { type MachineDetail, type ProofRecord, TASK_OUTCOMES } from '@provefleet/fleet-protocol';
import type { CSSProperties } from 'react';
import { useNow } from '../../data/clock';
import { PROOFS_PER_PAGE } from '../../data/api';
import { useProofs } from '../../data/queries';
import { outcomeLook } from '../../lib/event-text';
import { formatCount, formatDuration, formatMoment, shortId, UNKNOWN } from '../../lib/format';
import { Button } from '../ui/button';
import { Card, Skeleton } from '../ui/card';
import { Failure } from '../ui/failure';
import { Icon } from '../ui/icon';

const COLUMNS: readonly { head: string; width: string }[] = [
  { head: 'Settled', width: '11%' },
  { head: 'Task', width: '12%' },
  { head: 'Program, input', width: '26%' },
  { head: 'Worker', width: '8%' },
  { head: 'Proving time', width: '14%' },
  { head: 'Outcome', width: '13%' },
  { head: 'Reason', width: '16%' },
];

/** Settled tasks of one machine, newest first: what, how long, how it ended and why. */
export function Proofs({ machine }: { machine: MachineDetail }) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useProofs(machine.id);
  // New proofs push old ones out: the table stays as long as what was asked for.
  const proofs = data?.pages.flatMap((page) => page.items).slice(0, data.pages.length * PROOFS_PER_PAGE) ?? [];
  const longest = Math.max(1, ...proofs.map((proof) => proof.provingMs ?? 0));
  const settled = TASK_OUTCOMES.filter((outcome) => outcome === 'accepted' || (machine.outcomes[outcome] ?? 0) > 0);
  return (
    <Card
      title="Recent proofs"
      meta={`24 h: ${settled.map((outcome) => `${formatCount(machine.outcomes[outcome] ?? 0)} ${outcome}`).join(', ')}`}
      end={<span className="subtle"><b className="text-fg" data-testid="accepted-total">{formatCount(machine.acceptedTotal)}</b> accepted since it joined</span>}
    >
      {!data ? (
        error ? <Failure error={error} onRetry={() => void refetch()} what="Proofs" /> : <div className="p-4"><Skeleton className="h-40" /></div>
      ) : proofs.length === 0 ? (
        <p className="card-b subtle">No task has been settled yet. Each one appears here with its outcome.</p>
      ) : (
        <table className="tbl list proofs mt-1" aria-label="Recent proofs">
          <colgroup>{COLUMNS.map(({ head, width }) => <col key={head} style={{ width }} />)}</colgroup>
          <thead><tr>{COLUMNS.map(({ head }) => <th key={head} scope="col">{head}</th>)}</tr></thead>
          <tbody>{proofs.map((proof) => <Proof key={`${proof.nodeId}/${proof.taskId}/${proof.settledAt}`} proof={proof} longest={longest} />)}</tbody>
        </table>
      )}
      {hasNextPage && <div className="card-f"><Button size="small" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show older</Button></div>}
    </Card>
  );
}

function Proof({ proof, longest }: { proof: ProofRecord; longest: number }) {
  const now = useNow();
  const look = outcomeLook(proof.outcome);
  const why = proof.outcome === 'accepted' ? '' : [proof.reason, proof.code && !proof.reason.includes(proof.code) ? `(${proof.code})` : ''].filter(Boolean).join(' ');
  return (
    <tr data-task={proof.taskId} data-outcome={proof.outcome}>
      <td className="a-rate nowrap">{now > 0 ? formatMoment(proof.settledAt, now, true) : ''}</td>
      <td className="a-name mono" title={proof.taskId}>{shortId(proof.taskId)}</td>
      <td>
        <span className="l1">{proof.program}</span>
        <span className="l2 mono" title={proof.input}>{proof.input || UNKNOWN}</span>
      </td>
      <td>{proof.workerId ?? UNKNOWN}</td>
      <td className="a-lat">
        <span className="ptime">
          <span>{formatDuration(proof.provingMs)}</span>
          {proof.provingMs !== null && <span className="meter only-desk" aria-hidden="true" style={{ '--c': 'var(--color-series-1)' } as CSSProperties}><i style={{ width: `${(proof.provingMs / longest) * 100}%` }} /></span>}
        </span>
      </td>
      <td className="a-state">
        <span className="row2">
          <span className={`st ${look.tone}`}><Icon name={look.icon} small />{look.word.charAt(0).toUpperCase() + look.word.slice(1)}</span>
          {why && <span className="l2 only-phone">{why}</span>}
        </span>
      </td>
      <td className="why muted">{why}</td>
    </tr>
  );
}
