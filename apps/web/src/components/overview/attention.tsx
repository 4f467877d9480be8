'use client';

import type { Overview } from '@provefleet/fleet-protocol';
import { useNow } from '../../data/clock';
import { formatCount, formatElapsed, formatLoss, formatMoment, plural } from '../../lib/format';
import { machinesHref } from '../../lib/machine-query';
import { groupHeading, groupNames, isProblem, STATE_LOOKS } from '../../lib/states';
import { ButtonLink } from '../ui/button';
import { Card } from '../ui/card';
import { Icon } from '../ui/icon';

type Group = Overview['problems'][number];

/** What is wrong, by cause, newest first; below it what waits by itself or for the operator's leisure. */
export function Attention({ problems }: { problems: readonly Group[] }) {
  const newestFirst = [...problems].sort((a, b) => b.since - a.since);
  const urgent = newestFirst.filter((group) => isProblem(group.state));
  const calm = newestFirst.filter((group) => !isProblem(group.state));
  return (
    <Card title="Needs attention" meta={urgent.length > 0 ? `${plural(urgent.length, 'problem')}, grouped by cause, newest first` : undefined}>
      <div className="pt-2">
        {urgent.length === 0 && (
          <div className="att calm s-proving">
            <span className="ic"><Icon name="check" /></span>
            <div><h3>Nothing is wrong</h3><p>Failing, offline and blocked machines, and those low on memory, appear here by cause.</p></div>
          </div>
        )}
        {urgent.map((group) => <ProblemRow key={`${group.state}/${group.reason}`} group={group} />)}
        {calm.length > 0 && <div className="att-sub"><Icon name="info" small />No action needed, or yours when you like</div>}
        {calm.map((group) => <CalmRow key={`${group.state}/${group.reason}`} group={group} />)}
      </div>
    </Card>
  );
}

const showHref = (group: Group) => machinesHref({ states: [group.state], q: group.machines === 1 ? (group.names[0] ?? '') : '' });
const showText = (group: Group) => (group.machines === 1 ? `Show ${group.names[0] ?? 'it'}` : `Show ${formatCount(group.machines)}`);

function ProblemRow({ group }: { group: Group }) {
  const now = useNow();
  const look = STATE_LOOKS[group.state];
  const names = groupNames(group);
  return (
    <div className={`att ${look.tone}`}>
      <span className="ic"><Icon name={look.icon} /></span>
      <div className="min-w-0">
        <h3>{groupHeading(group)} {now > 0 && <span className="since">since {formatMoment(group.since, now)}, {formatElapsed(now - group.since)}</span>}</h3>
        <p>{group.reason}{group.reason && names && '. '}{names}</p>
      </div>
      <div className="imp"><b>{formatLoss(group.lostPerMinute)}</b> proofs/min</div>
      <div className="do"><ButtonLink size="small" look="tint" href={showHref(group)}>{showText(group)}</ButtonLink></div>
    </div>
  );
}

function CalmRow({ group }: { group: Group }) {
  const now = useNow();
  const look = STATE_LOOKS[group.state];
  const pending = group.state === 'pending';
  return (
    <div className={`att calm ${look.tone}`}>
      <span className="ic"><Icon name={look.icon} /></span>
      <div className="min-w-0">
        <h3>{groupHeading(group)} {now > 0 && <span className="since">since {formatMoment(group.since, now)}</span>}</h3>
        <p>{[group.reason, groupNames(group)].filter(Boolean).join('. ')}</p>
      </div>
      <ButtonLink size="small" look={pending ? 'tint' : 'ghost'} href={pending ? '/join' : showHref(group)}>{pending ? `Review ${formatCount(group.machines)}` : showText(group)}</ButtonLink>
    </div>
  );
}
