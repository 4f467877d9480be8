'use client';

import type { MachineDetail } from '@provefleet/fleet-protocol';
import { useNow } from '../../data/clock';
import { useAbility } from '../../data/session';
import { formatElapsed, formatMoment, fingerprint, plural } from '../../lib/format';
import { machinesHref } from '../../lib/machine-query';
import { isProblem, STATE_LOOKS } from '../../lib/states';
import { Button, ButtonLink } from '../ui/button';
import { Icon } from '../ui/icon';
import type { Changes } from './use-changes';

/** What is the matter, since when, and the one thing to do about it. Nothing while the machine proves. */
export function Cause({ machine, changes }: { machine: MachineDetail; changes: Changes }) {
  const now = useNow();
  const { able, reason } = useAbility();
  if (machine.revokedAt !== null) {
    return (
      <section className="cause s-offline" aria-label="Cause">
        <Icon name="lock" />
        <div><h2>Revoked {now > 0 && formatMoment(machine.revokedAt, now)}</h2><p>It is in no list any more. To come back it must join again with a new token.</p></div>
      </section>
    );
  }
  if (machine.state === 'proving') return null;
  const look = STATE_LOOKS[machine.state];
  const fewer = machine.state === 'low-memory' ? (machine.observed?.workers ?? 0) - 1 : 0;
  return (
    <section className={`cause ${look.tone}`} aria-label="Cause">
      <Icon name={look.icon} />
      <div>
        <h2>{look.word} {now > 0 && <>since {formatMoment(machine.stateSince, now)}, {formatElapsed(now - machine.stateSince)}</>}</h2>
        <p>{sentence(machine, now)}</p>
      </div>
      <div className="acts">
        {isProblem(machine.state) && <ButtonLink href={machinesHref({ states: [machine.state] })}>Show all {look.group}</ButtonLink>}
        {machine.state === 'pending' && <Button look="solid" disabled={!able || changes.pending} title={reason || undefined} onClick={changes.approve}>Approve {machine.name}</Button>}
        {machine.desired.document.paused && machine.state === 'paused' && <Button look="solid" disabled={!able} title={reason || undefined} onClick={() => changes.ask('resume')}>Resume</Button>}
        {fewer > 0 && <Button look="solid" disabled={!able || changes.pending} title={reason || undefined} onClick={() => changes.setDesired({ workers: fewer, reason: 'Low memory' })}>Set workers to {fewer}</Button>}
      </div>
    </section>
  );
}

function sentence(machine: MachineDetail, now: number): string {
  const why = machine.reason ? `${machine.reason.replace(/\.$/, '')}. ` : '';
  switch (machine.state) {
    case 'offline':
      return machine.lastSeenAt === null || now === 0
        ? `${why}It has not been heard yet.`
        : `${why}Last heard ${formatMoment(machine.lastSeenAt, now, true)}. It may still prove: proofs and events arrive when it is back. Figures here are as of then.`;
    case 'pending':
      return `${why}Compare its key, ${fingerprint(machine.publicKey)}, with what the machine says. Until approved it gets no task.`;
    case 'throttled':
      return `${why}The network asked it to wait. It resumes by itself.`;
    case 'draining':
      return `${why}${plural(machine.workers.filter((worker) => worker.state === 'proving').length, 'worker')} still prove. It stops fetching and finishes what it has.`;
    case 'no-work':
      return `${why}The network has no task for it. It keeps asking.`;
    case 'idle':
      return `${why}Its workers wait for a task.`;
    case 'paused':
      return `${why}It fetches no tasks. Finished proofs are still submitted.`;
    default:
      return why || 'The machine gave no reason.';
  }
}
