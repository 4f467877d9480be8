'use client';

import type { MachineDetail } from '@provefleet/fleet-protocol';
import Link from 'next/link';
import { useEffect } from 'react';
import { ApiError, MACHINE_EVENTS_PER_PAGE } from '../../data/api';
import { useLive, useWatch } from '../../data/live';
import { useMachine, useMachineEvents } from '../../data/queries';
import { EventList } from '../event-list';
import { Button } from '../ui/button';
import { Card, Skeleton } from '../ui/card';
import { Failure } from '../ui/failure';
import { Icon } from '../ui/icon';
import { StateBadge } from '../ui/state';
import { Actions } from './actions';
import { Cause } from './cause';
import { Configuration, Revisions } from './configuration';
import { Facts } from './facts';
import { LiveCharts } from './live-charts';
import { Proofs } from './proofs';
import { useChanges } from './use-changes';
import { Workers } from './workers';

/** One machine: its state and cause first, then how it does, what it runs and what it should run. */
export function MachinePage({ id }: { id: string }) {
  useWatch(id);
  const { data: machine, error, refetch } = useMachine(id);
  if (machine) return <Machine machine={machine} />;
  if (error instanceof ApiError && (error.status === 404 || error.status === 400)) {
    return (
      <main className="content" id="main">
        <div className="empty">
          <h1>There is no such machine</h1>
          <p className="lead">It was never here, or the address is mistyped. <Link href="/machines">Show all machines</Link></p>
        </div>
      </main>
    );
  }
  return (
    <main className="content" id="main" aria-busy={!error}>
      {error ? <div className="card"><Failure error={error} onRetry={() => void refetch()} what="The machine" /></div> : <MachineSkeleton />}
    </main>
  );
}

function Machine({ machine }: { machine: MachineDetail }) {
  const { status } = useLive();
  const changes = useChanges(machine);
  useEffect(() => {
    document.title = `${machine.name} – Provefleet`;
  }, [machine.name]);
  return (
    <main className={status === 'offline' ? 'content stale' : 'content'} id="main">
      <div className="mtop">
        <nav className="crumb" aria-label="Path"><Link href="/machines">Machines</Link><Icon name="right" small /><span aria-current="page">{machine.name}</span></nav>
        <div className="mhead">
          <h1>{machine.name}</h1>
          <StateBadge state={machine.state} pill />
          <Actions machine={machine} changes={changes} />
        </div>
        <Facts machine={machine} />
        <Cause machine={machine} changes={changes} />
      </div>
      <div className="cols">
        <div className="c8 stack">
          <LiveCharts machine={machine} />
          <Workers machine={machine} />
          <Proofs machine={machine} />
        </div>
        <div className="c4 stack">
          <Configuration machine={machine} changes={changes} />
          <Revisions machine={machine} />
          <MachineEvents id={machine.id} />
        </div>
      </div>
    </main>
  );
}

function MachineEvents({ id }: { id: string }) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useMachineEvents(id);
  const items = data?.pages.flatMap((page) => page.items).slice(0, data.pages.length * MACHINE_EVENTS_PER_PAGE) ?? [];
  return (
    <Card title="Events" end={<Link href="/events">All events</Link>}>
      <div className="card-b px-0!">
        {!data ? (error ? <Failure error={error} onRetry={() => void refetch()} what="Events" /> : <Skeleton className="mx-4 h-30" />) : items.length === 0 ? (
          <p className="subtle px-4">Nothing has happened yet. Changes of state, workers and refused proofs appear here.</p>
        ) : (
          <EventList items={items} named={false} />
        )}
        {hasNextPage && <div className="px-4 pt-2"><Button size="small" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show older</Button></div>}
      </div>
    </Card>
  );
}

const MachineSkeleton = () => (
  <>
    <div className="mtop"><div className="mhead"><h1><span className="sr">Reading the machine</span><Skeleton className="h-8 w-60" /></h1></div><div className="meta-row"><Skeleton className="h-5 w-120 max-w-full" /></div></div>
    <div className="cols mt-4">
      <div className="c8 stack"><div className="card h-98 p-4"><Skeleton className="h-full" /></div><div className="card h-34 p-4"><Skeleton className="h-full" /></div></div>
      <div className="c4 stack"><div className="card h-60 p-4"><Skeleton className="h-full" /></div></div>
    </div>
  </>
);
