'use client';

import type { Overview, Range } from '@provefleet/fleet-protocol';
import Link from 'next/link';
import { useSearchParams } from 'next/navigation';
import { useSetSearch } from '../../data/address';
import { useNow } from '../../data/clock';
import { useLive } from '../../data/live';
import { useOverview } from '../../data/queries';
import { formatAgo, formatCount, formatMoment, formatRate, formatTime, plural } from '../../lib/format';
import { parseRange } from '../../lib/ranges';
import { groupHeading, isProblem, SMALL_FLEET, STATE_LOOKS, toneClass, type Verdict, verdictOf } from '../../lib/states';
import { EventList } from '../event-list';
import { ButtonLink } from '../ui/button';
import { Card, Skeleton } from '../ui/card';
import { Failure } from '../ui/failure';
import { Icon } from '../ui/icon';
import { Attention } from './attention';
import { EmptyFleet } from './empty-fleet';
import { SmallFleet } from './small-fleet';
import { StateBar } from './state-bar';
import { Throughput } from './throughput';

/** Does everything prove, what is wrong and since when, what to do. */
export function OverviewPage({ joinUrl }: { joinUrl: string }) {
  const setSearch = useSetSearch();
  const range = parseRange(useSearchParams().get('range'));
  const setRange = (next: Range) => setSearch(next === '1h' ? '' : `?range=${next}`);
  const { data, error, refetch, isPlaceholderData } = useOverview(range);

  if (!data) {
    return (
      <main className="content" id="main" aria-busy={!error}>
        {error ? <div className="card"><Failure error={error} onRetry={() => void refetch()} what="The overview" /></div> : <OverviewSkeleton />}
      </main>
    );
  }
  if (data.machines === 0) return <EmptyFleet joinUrl={joinUrl} />;
  return <FleetOverview overview={data} range={range} settling={isPlaceholderData} setRange={setRange} />;
}

function FleetOverview({ overview, range, settling, setRange }: { overview: Overview; range: Range; settling: boolean; setRange: (range: Range) => void }) {
  const { status } = useLive();
  const verdict = verdictOf(overview);
  return (
    <main className={status === 'offline' ? 'content stale' : 'content'} id="main">
      <div className="page-head">
        <Answer verdict={verdict} problems={overview.problems} />
        <div className="acts only-desk">
          <ButtonLink href="/join"><Icon name="plus" />Join a machine</ButtonLink>
        </div>
      </div>
      <div className="cols">
        <div className="c12 o2"><Throughput overview={overview} verdict={verdict} range={range} settling={settling} setRange={setRange} /></div>
        <div className="c12 o3"><StateBar byState={overview.byState} machines={overview.machines} /></div>
        <div className="c8 stack">
          <div className="o1"><Attention problems={overview.problems} /></div>
          {overview.machines < SMALL_FLEET && <div className="o4"><SmallFleet /></div>}
        </div>
        <div className="c4 stack">
          <Card className="o6" title="Recent events" end={<Link href="/events">All events</Link>}>
            <div className="card-b px-0!">
              {overview.events.length > 0 ? <EventList items={overview.events.slice(0, 10)} named /> : <p className="subtle px-4">Nothing has happened yet. Changes of state, refused proofs and workers appear here.</p>}
            </div>
          </Card>
        </div>
      </div>
    </main>
  );
}

function Answer({ verdict, problems }: { verdict: Verdict; problems: Overview['problems'] }) {
  const [first, ...others] = problems.filter((group) => isProblem(group.state));
  const only = others.length === 0 ? first : undefined;
  const { status, asOf } = useLive();
  const now = useNow();
  const of = `of ${plural(verdict.machines, 'machine')}`;
  if (status === 'offline') {
    return (
      <div>
        <h1><span className="of">At {formatTime(asOf)},</span> {formatCount(verdict.proving)} <span className="of">{of} proved</span></h1>
        <p className="sub">
          <span className="asof"><Icon name="clock" small />as of {formatTime(asOf)}, {formatAgo(asOf, now)}</span>
          <span>{verdict.problems > 0 ? `${plural(verdict.problems, 'problem')} ${verdict.problems === 1 ? 'was' : 'were'} open. ` : ''}What happened since is not known here.</span>
        </p>
      </div>
    );
  }
  return (
    <div>
      <h1>{formatCount(verdict.proving)} <span className="of">{of} {verdict.machines === 1 ? (verdict.proving === 1 ? 'proves' : 'prove') : 'prove'}</span></h1>
      {verdict.problems === 0 ? (
        <p className="sub lead"><Icon name="check" className="t-ok" /><span>No problem is open.{verdict.resting && ` ${verdict.resting}.`}</span></p>
      ) : (
        <p className="sub lead">
          <Icon name={STATE_LOOKS[verdict.worst].icon} className={toneClass(STATE_LOOKS[verdict.worst].tone)} />
          <span>
            <b className="text-fg">{only ? groupHeading(only) : `${plural(verdict.problems, 'problem')} on ${plural(verdict.affected, 'machine')}`}</b>
            {only ? ' since ' : ', the oldest since '}{now > 0 && verdict.since !== null && formatMoment(verdict.since, now)}.
            {verdict.lostPerMinute >= 0.05 && ` ${only ? 'It costs' : 'They cost'} about ${formatRate(verdict.lostPerMinute)} proofs/min.`}
          </span>
        </p>
      )}
    </div>
  );
}

const OverviewSkeleton = () => (
  <>
    <div className="page-head"><div><h1><span className="sr">Reading the fleet</span><Skeleton className="h-8 w-90 max-w-full" /></h1><div className="sub"><Skeleton className="h-5 w-60" /></div></div></div>
    <div className="cols">
      <div className="c12 card h-58 p-4"><Skeleton className="h-full" /></div>
      <div className="c12 card h-34 p-4"><Skeleton className="h-full" /></div>
      <div className="c8 card h-70 p-4"><Skeleton className="h-full" /></div>
      <div className="c4 card h-70 p-4"><Skeleton className="h-full" /></div>
    </div>
  </>
);
