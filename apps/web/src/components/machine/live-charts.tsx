'use client';

import { type MachineDetail, type Range, RANGES } from '@provefleet/fleet-protocol';
import { useSearchParams } from 'next/navigation';
import { type CSSProperties, type ReactNode, useMemo, useState } from 'react';
import { useSetSearch } from '../../data/address';
import { serverNow, useNow } from '../../data/clock';
import { useLive } from '../../data/live';
import { useSeries } from '../../data/queries';
import { revisionChanges } from '../../lib/desired';
import { formatBytes, formatClock, formatCount, formatDuration, formatElapsed, formatRate, formatShare, formatTime, plural } from '../../lib/format';
import { parseRange, RANGE_OPTIONS, rangeSentence } from '../../lib/ranges';
import { largest, lastKnown, niceDurationMarks, niceMarks, type Points, spacedLabels } from '../../lib/series';
import { LOW_MEMORY } from '../machines/row-looks';
import { SeriesTable, TimeChart, useAsTable } from '../charts/time-chart';
import { Card, Skeleton } from '../ui/card';
import { Failure } from '../ui/failure';
import { Segmented } from '../ui/segmented';

const SHARE_MARKS = [0, 0.5, 1];
const HEIGHT = 112;
/** Part of the axis that one revision's label takes; a neighbour closer than this stays without. */
const LABEL_SPACE = 0.35;
/** A machine younger than this begins with the shortest range, in milliseconds. */
const YOUNG_MS = 2_700_000;

/** Four charts on one clock: rate, proving time, CPU, memory. */
export function LiveCharts({ machine }: { machine: MachineDetail }) {
  const setSearch = useSetSearch();
  const [usual] = useState<Range>(() => (serverNow() - machine.joinedAt < YOUNG_MS ? '15m' : '1h'));
  const range = parseRange(useSearchParams().get('range'), usual);
  const setRange = (next: Range) => setSearch(next === usual ? '' : `?range=${next}`);
  const { data: series, error, refetch, isPlaceholderData } = useSeries(machine.id, range);
  const [cursor, setCursor] = useState<number | null>(null);
  const [asTable, tableButton] = useAsTable();
  const { status } = useLive();
  const now = useNow();
  const memory = useMemo<Points>(() => series?.memoryUsedBytes.map((bytes) => (bytes === null || machine.memoryTotalBytes === 0 ? null : bytes / machine.memoryTotalBytes)) ?? [], [series, machine.memoryTotalBytes]);
  const marks = useMemo(
    () =>
      spacedLabels(
        machine.revisions.map(({ at, revision, document }, index) => {
          const [change] = revisionChanges(document, machine.revisions[index + 1]?.document ?? null);
          return { at, label: change ? `r${revision}, ${change.setting.toLowerCase()} ${change.from ? `${change.from} → ` : ''}${change.to}` : `r${revision}` };
        }),
        RANGES[range] * LABEL_SPACE,
      ),
    [machine.revisions, range],
  );

  const head = (
    <span className="row gap-3!">
      {tableButton}
      <Segmented label="Time range" value={range} options={RANGE_OPTIONS} onChange={setRange} />
    </span>
  );
  const meta = series && `one reading each ${formatElapsed(series.stepMs)}`;
  if (!series) {
    return (
      <Card title="Live" end={head}>
        {error ? <Failure error={error} onRetry={() => void refetch()} what="The charts" /> : <div className="p-4"><Skeleton className="h-86" /></div>}
      </Card>
    );
  }

  const at = cursor !== null && cursor < series.cpu.length ? cursor : null;
  const time = at === null ? '' : formatTime(series.from + at * series.stepMs, series.stepMs < 60_000);
  const reading = (points: Points, text: (value: number | null) => string) => at !== null && <span className="at">{time} <b>{text(points[at] ?? null)}</b></span>;
  const silent = machine.state === 'offline' || machine.state === 'pending';
  const current = (points: Points, text: (value: number) => string): string => {
    const newest = lastKnown(points);
    return newest && !silent ? text(newest.value) : '–';
  };
  const unlabelled = marks.map((mark) => ({ ...mark, label: '' }));
  const shared = { steps: series, height: HEIGHT, sync: 'machine', timeLabels: 5, onCursor: setCursor, until: status === 'offline' ? now : undefined };

  return (
    <Card title="Live" meta={meta} end={head}>
      {asTable ? (
        <div className="pt-2.5">
          <SeriesTable
            caption={`${machine.name}, ${rangeSentence(range)}`}
            steps={series}
            lines={[
              { name: 'Proofs/min', points: series.proofsPerMinute, text: formatRate },
              { name: 'Proving p50', points: series.provingMsP50, text: formatDuration },
              { name: 'Proving p95', points: series.provingMsP95, text: formatDuration },
              { name: 'CPU', points: series.cpu, text: formatShare },
              { name: 'Memory', points: series.memoryUsedBytes, text: formatBytes },
            ]}
          />
        </div>
      ) : (
        <div className="charts4" aria-busy={isPlaceholderData}>
          <ChartBox name="Proofs per minute" value={current(series.proofsPerMinute, formatRate)} end={reading(series.proofsPerMinute, formatRate)}>
            <TimeChart
              {...shared}
              lines={[{ name: 'Proofs per minute', points: series.proofsPerMinute, color: 'series-1', area: true }]}
              yMarks={niceMarks(largest([series.proofsPerMinute]), 3)}
              yText={(value) => (Number.isInteger(value) ? formatCount(value) : value.toFixed(1))}
              marks={marks}
              label={`Proofs per minute, ${rangeSentence(range)}. Now ${current(series.proofsPerMinute, formatRate)}.`}
            />
          </ChartBox>
          <ChartBox
            name="Proving time"
            value={current(series.provingMsP50, formatDuration)}
            end={
              <>
                <span><i style={{ '--c': 'var(--color-series-1)' } as CSSProperties} />p50 {at !== null && <b>{formatClock(series.provingMsP50[at] ?? null)}</b>}</span>
                <span><i className="dash" style={{ '--c': 'var(--color-series-2)' } as CSSProperties} />p95 {at !== null && <b>{formatClock(series.provingMsP95[at] ?? null)}</b>}</span>
              </>
            }
          >
            <TimeChart
              {...shared}
              lines={[
                { name: 'p95', points: series.provingMsP95, color: 'series-2', dash: [5, 3] },
                { name: 'p50', points: series.provingMsP50, color: 'series-1' },
              ]}
              yMarks={niceDurationMarks(largest([series.provingMsP50, series.provingMsP95]), 3)}
              yText={(value) => (value === 0 ? '0' : formatDuration(value).replace('.0 ', ' ').replace(' 00 s', ''))}
              marks={unlabelled}
              label={`Proving time, ${rangeSentence(range)}. Now p50 ${current(series.provingMsP50, formatDuration)}, p95 ${current(series.provingMsP95, formatDuration)}.`}
            />
          </ChartBox>
          <ChartBox name="CPU" value={current(series.cpu, formatShare)} note={plural(machine.cpuCores, 'core')} end={reading(series.cpu, formatShare)}>
            <TimeChart
              {...shared}
              lines={[{ name: 'CPU', points: series.cpu, color: 'series-1', area: true }]}
              yMarks={SHARE_MARKS}
              yText={(value) => (value === 0 ? '0' : formatShare(value))}
              marks={unlabelled}
              label={`CPU over all cores, ${rangeSentence(range)}. Now ${current(series.cpu, formatShare)}.`}
            />
          </ChartBox>
          <ChartBox name="Memory" value={current(memory, formatShare)} note={`${silent || machine.memoryUsedBytes === null ? '–' : formatBytes(machine.memoryUsedBytes)} of ${formatBytes(machine.memoryTotalBytes)}`} end={reading(memory, formatShare)}>
            <TimeChart
              {...shared}
              lines={[{ name: 'Memory', points: memory, color: 'series-1', area: true }]}
              yMarks={SHARE_MARKS}
              yText={(value) => (value === 0 ? '0' : formatShare(value))}
              level={{ at: LOW_MEMORY, label: 'low memory at 90 %' }}
              marks={unlabelled}
              label={`Memory in use, ${rangeSentence(range)}. Now ${current(memory, formatShare)} of ${formatBytes(machine.memoryTotalBytes)}.`}
            />
          </ChartBox>
        </div>
      )}
    </Card>
  );
}

const ChartBox = ({ name, value, note, end, children }: { name: string; value: string; note?: string; end: ReactNode; children: ReactNode }) => (
  <div role="group" aria-label={name}>
    <div className="ch-h">
      <span className="kl">{name}</span>
      <b>{value}</b>
      {note && <span className="subtle xs nowrap">{note}</span>}
      <span className="end legend">{end}</span>
    </div>
    {children}
  </div>
);
