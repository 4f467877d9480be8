'use client';

import Link from 'next/link';
import { useNow } from '../../data/clock';
import { useMachines } from '../../data/queries';
import { workersCell } from '../../lib/desired';
import { formatMoment, formatRate } from '../../lib/format';
import { ALL_MACHINES } from '../../lib/machine-query';
import { largest } from '../../lib/series';
import { Spark } from '../charts/spark';
import { sparkTone } from '../machines/row-looks';
import { Card } from '../ui/card';
import { StateBadge } from '../ui/state';

/** In a small fleet, the machines themselves. */
export function SmallFleet() {
  const now = useNow();
  const { data } = useMachines(ALL_MACHINES, false);
  const machines = data?.pages[0]?.items ?? [];
  const max = largest(machines.map((machine) => machine.spark));
  return (
    <Card title="Machines" meta="proofs/min, last hour" end={<Link href="/machines">All</Link>}>
      <ul className="pt-2">
        {machines.map((machine) => (
          <li key={machine.id} className="mrow">
            <Link className="name ell" href={`/machines/${machine.id}`}>{machine.name}</Link>
            <StateBadge state={machine.state} />
            <span className="subtle xs ell only-desk">{now > 0 && `since ${formatMoment(machine.stateSince, now)}`}, {workersCell(machine, now).text} workers</span>
            <span className="spk"><span className="only-desk"><Spark points={machine.spark} max={max} tone={sparkTone(machine.state)} /></span><b>{formatRate(machine.proofsPerMinute)}</b><span className="subtle only-phone">/min</span></span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
