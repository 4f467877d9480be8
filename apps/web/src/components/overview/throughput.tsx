'use client';

import type { Overview, Range, TaskOutcome } from '@provefleet/fleet-protocol';
import type { CSSProperties } from 'react';
import { useNow } from '../../data/clock';
import { useLive } from '../../data/live';
import { formatCount, formatDuration, formatRate, formatShare, formatTime } from '../../lib/format';
import { RANGE_OPTIONS, rangeSentence, rangeText } from '../../lib/ranges';
import { changeAgainst, largest, lastKnown, lineMarks, smallest } from '../../lib/series';
import { type Verdict } from '../../lib/states';
import { OutcomeBars } from '../charts/spark';
import { SeriesTable, TimeChart, useAsTable } from '../charts/time-chart';
import { Icon } from '../ui/icon';
import { Segmented } from '../ui/segmented';

/** A change below this share is noise and not shown as more or less. */
const NOTABLE_CHANGE = 0.005;
const OVERVIEW_RANGES = RANGE_OPTIONS.filter(([range]) => range !== '15m');

interface Props {
  overview: Overview;
  verdict: Verdict;
  range: Range;
  /** The range was just changed, and these numbers are still the old one's. */
  settling: boolean;
  setRange: (range: Range) => void;
}

/** How much is proved, against the day before, and how it ends. */
export function Throughput({ overview, verdict, range, settling, setRange }: Props) {
  const { series } = overview;
  const { status, asOf } = useLive();
  const now = useNow();
  const [asTable, tableButton] = useAsTable();
  const before = lastKnown(series.before)?.value ?? null;
  const change = changeAgainst(overview.proofsPerMinute, before);
  const lines = [
    { name: 'Day before', points: series.before, color: 'quiet-solid', width: 1.2, dash: [3, 3], reference: true },
    { name: `Last ${rangeText(range)}`, points: series.proofsPerMinute, color: 'series-1', width: 1.9 },
  ];
  const sentence = `Proofs per minute, ${rangeSentence(overview.range)}. Now ${formatRate(overview.proofsPerMinute)}${before === null ? '' : `, the day before ${formatRate(before)}`}.`;
  return (
    <section className="card hero" aria-label="Throughput" aria-busy={settling}>
      <div>
        <div className="kl">Proofs per minute</div>
        <div className="big my-1.5" data-testid="fleet-proofs-per-minute">{formatRate(overview.proofsPerMinute)}</div>
        {status === 'offline' ? (
          <span className="asof"><Icon name="clock" small />as of {formatTime(asOf)}</span>
        ) : (
          <div className="delta">
            {change === null || Math.abs(change) < NOTABLE_CHANGE ? (
              <span>{change === null ? 'Over the last 5 minutes' : 'As the day before'}</span>
            ) : (
              <><Icon name={change < 0 ? 'down' : 'up'} small />{formatShare(Math.abs(change), 1)} {change < 0 ? 'below' : 'above'} the day before</>
            )}
          </div>
        )}
        <dl className="facts">
          {verdict.lostPerMinute >= 0.05 && <><dt>Lost to problems</dt><dd>{formatRate(verdict.lostPerMinute)} /min</dd></>}
          <dt>Best in {rangeText(range)}</dt><dd>{formatRate(overview.bestPerMinute)} /min</dd>
          <dt>Proving time p50</dt><dd>{formatDuration(overview.provingMsP50)}</dd>
          <dt>Proving time p95</dt><dd>{formatDuration(overview.provingMsP95)}</dd>
        </dl>
      </div>
      <div className="mid">
        <div className="row mb-3 flex-wrap">
          <span className="legend">
            <span><i style={{ '--c': 'var(--color-series-1)' } as CSSProperties} />Last {rangeText(range)}</span>
            <span><i className="dash" style={{ '--c': 'var(--color-quiet-solid)' } as CSSProperties} />Day before</span>
          </span>
          {tableButton}
          <span className="ml-auto"><Segmented label="Time range" value={range} options={OVERVIEW_RANGES} onChange={setRange} /></span>
        </div>
        {asTable ? (
          <SeriesTable
            caption={sentence}
            steps={series}
            lines={[
              { name: 'Proofs/min', points: series.proofsPerMinute, text: formatRate },
              { name: 'Day before', points: series.before, text: formatRate },
            ]}
          />
        ) : (
          <TimeChart
            steps={series}
            lines={lines}
            yMarks={lineMarks(smallest([series.proofsPerMinute, series.before]), largest([series.proofsPerMinute, series.before]))}
            yText={(value) => (Number.isInteger(value) ? formatCount(value) : value.toFixed(1))}
            label={sentence}
            height={150}
            until={status === 'offline' ? now : undefined}
            dot
          />
        )}
      </div>
      <Outcomes overview={overview} range={range} />
    </section>
  );
}

const ROWS: readonly { outcome: TaskOutcome; word: string; tone: string }[] = [
  { outcome: 'accepted', word: 'Accepted', tone: 'ok-solid' },
  { outcome: 'refused', word: 'Refused', tone: 'crit-solid' },
  { outcome: 'expired', word: 'Expired', tone: 'wait-solid' },
  { outcome: 'failed', word: 'Failed', tone: 'crit-solid' },
];

function Outcomes({ overview, range }: { overview: Overview; range: Range }) {
  const settled = ROWS.reduce((sum, { outcome }) => sum + (overview.outcomes[outcome] ?? 0), 0);
  const bars: Partial<Record<TaskOutcome, readonly (number | null)[]>> = overview.series;
  return (
    <div>
      <div className="row items-baseline! mb-0.5"><span className="kl">Success rate</span><span className="subtle xs ml-auto">{rangeText(range)}</span></div>
      <div className="row items-baseline! mb-2.5"><span className="rate" data-testid="fleet-success-rate">{formatShare(overview.successRate, 2)}</span></div>
      {ROWS.map(({ outcome, word, tone }) => {
        const count = overview.outcomes[outcome] ?? 0;
        const points = bars[outcome];
        return (
          <div className="oc" key={outcome}>
            <span className="muted">{word}</span>
            <span className="v" data-testid={`outcome-${outcome}`}>{formatCount(count)}</span>
            {points ? <OutcomeBars points={points} tone={tone} /> : <span />}
            <span className="p">{formatShare(settled > 0 ? count / settled : null, 2)}</span>
          </div>
        );
      })}
    </div>
  );
}
