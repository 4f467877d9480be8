'use client';

import { MACHINE_STATES, type MachineState } from '@provefleet/fleet-protocol';
import Link from 'next/link';
import { formatCount, formatShare, plural } from '../../lib/format';
import { machinesHref } from '../../lib/machine-query';
import { STATE_LOOKS } from '../../lib/states';
import { Card } from '../ui/card';
import { Icon } from '../ui/icon';
import { StateBadge } from '../ui/state';

/** The whole fleet to scale, then what does not prove, enlarged. */
export function StateBar({ byState, machines }: { byState: Partial<Record<MachineState, number>>; machines: number }) {
  const proving = byState.proving ?? 0;
  const rest = machines - proving;
  const states = MACHINE_STATES.filter((state) => state !== 'proving' && (byState[state] ?? 0) > 0);
  return (
    <Card title="Machines by state" meta={rest > 0 ? 'Select a state to filter' : undefined}>
      <div className="card-b pt-2!">
        <div className="sbar">
          <div className="sbar-lab">
            <Link href={machinesHref({ states: ['proving'] })}><StateBadge state="proving" /> <b>{formatCount(proving)}</b> <span>{formatShare(proving / machines, 1)}</span></Link>
            {rest > 0 && (
              <Link href={machinesHref({ states: MACHINE_STATES.filter((state) => state !== 'proving') })}><span>Not proving</span> <b>{formatCount(rest)}</b> <span>{formatShare(rest / machines, 1)}</span></Link>
            )}
          </div>
          <div className="sbar-all" role="img" aria-label={`${formatCount(proving)} of ${plural(machines, 'machine')} prove`}>
            {proving > 0 && <i className="s-proving" style={{ flex: proving }} />}
            {rest > 0 && <i className="rest" style={{ flex: rest }} />}
          </div>
          {rest > 0 && (
            <>
              <svg className="sbar-fan" viewBox="0 0 100 18" preserveAspectRatio="none" aria-hidden="true"><path d={`M${(proving / machines) * 100} 2H100V16H0Z`} /></svg>
              <div className="sbar-rest" aria-hidden="true">
                {states.map((state) => <i key={state} className={STATE_LOOKS[state].tone} style={{ flex: byState[state] }} />)}
              </div>
            </>
          )}
        </div>
        {rest > 0 && (
          <nav className="sfilt" aria-label="Machines by state">
            {states.map((state) => (
              <Link key={state} className={`chip ${STATE_LOOKS[state].tone}`} href={machinesHref({ states: [state] })}>
                <Icon name={STATE_LOOKS[state].icon} />
                <span>{STATE_LOOKS[state].word}</span>
                <b>{formatCount(byState[state] ?? 0)}</b>
              </Link>
            ))}
          </nav>
        )}
      </div>
    </Card>
  );
}
