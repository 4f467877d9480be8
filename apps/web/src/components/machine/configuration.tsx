'use client';

import type { MachineDetail } from '@provefleet/fleet-protocol';
import { useNow } from '../../data/clock';
import { useAbility } from '../../data/session';
import { configurationRows, desiredSince, revisionChanges, rolloutOf } from '../../lib/desired';
import { formatElapsed, formatMoment } from '../../lib/format';
import { Button } from '../ui/button';
import { Card } from '../ui/card';
import type { Changes } from './use-changes';

/** What the machine should run beside what it reports; the two never merge. */
export function Configuration({ machine, changes }: { machine: MachineDetail; changes: Changes }) {
  const now = useNow();
  const { able, reason } = useAbility();
  const rows = configurationRows(machine);
  const differing = rows.filter((row) => row.differs && row.setting !== 'Revision').length;
  const known = machine.observed !== null && machine.state !== 'offline';
  return (
    <Card
      title="Configuration"
      meta={<span className="tag">r{machine.desired.revision}</span>}
      end={
        <span className={differing > 0 ? 't-wait font-[550]' : 'subtle'}>
          {!known ? 'Observed values unknown' : differing > 0 ? `${differing} ${differing === 1 ? 'value differs' : 'values differ'}` : 'As desired'}
        </span>
      }
    >
      <table className="cfg mt-1.5" aria-label="Desired and observed configuration">
        <thead><tr><th scope="col">Setting</th><th scope="col">Desired</th><th scope="col">Observed</th></tr></thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.setting} className={row.differs ? 'd' : undefined} data-differs={row.differs}>
              <td>{row.setting}</td>
              <td>{row.desired}</td>
              <td className={row.observed === 'unknown' ? 'subtle' : undefined}>{row.observed}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="card-f">
        <Button size="small" disabled={!able || machine.revokedAt !== null} title={reason || undefined} onClick={() => changes.ask('workers')}>Set workers</Button>
        <span className="ml-auto text-right" data-testid="rollout"><RolloutText machine={machine} now={now} /></span>
      </div>
    </Card>
  );
}

function RolloutText({ machine, now }: { machine: MachineDetail; now: number }) {
  const rollout = rolloutOf(machine);
  const since = desiredSince(machine);
  const ago = since === null || now === 0 ? '' : `, ${formatElapsed(now - since)}`;
  switch (rollout.step) {
    case 'applied':
      return <>r{machine.observed?.revision} applied</>;
    case 'sent':
      return <span className="t-wait">r{rollout.revision} sent{ago}</span>;
    case 'waits':
      return <span className="t-wait">r{rollout.revision} waits for the machine{ago}</span>;
    case 'rejected':
      return <span className="t-crit">r{rollout.revision} rejected: {rollout.field} {rollout.reason}</span>;
  }
}

/** What was changed, when and by whom, newest first. */
export function Revisions({ machine }: { machine: MachineDetail }) {
  const now = useNow();
  return (
    <Card title="Revisions">
      <div className="pt-2">
        {machine.revisions.length === 0 && <p className="px-4 pb-4 subtle">Nothing was changed since it joined.</p>}
        {machine.revisions.map((entry, index) => {
          const changes = revisionChanges(entry.document, machine.revisions[index + 1]?.document ?? null);
          return (
            <div className="rev" key={entry.revision}>
              <b>r{entry.revision}</b>
              <div>
                {changes.length === 0 && 'No change'}
                {changes.map(({ setting, from, to }, at) => (
                  <span key={setting}>
                    {at > 0 && ', '}{setting} {from && <><span className="del">{from}</span> → </>}<span className="add">{to}</span>
                  </span>
                ))}
                <small>{now > 0 && formatMoment(entry.at, now)}, {entry.by}{entry.reason && `. ${entry.reason}`}</small>
              </div>
              {entry.revision === machine.desired.revision && <span className="tag">desired</span>}
            </div>
          );
        })}
      </div>
    </Card>
  );
}
