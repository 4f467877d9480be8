'use client';

import { type CSSProperties, type ReactNode, useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { type EqualSteps, lastKnown, type Points, timeMarks, toColumns, unknownSpans } from '../../lib/series';
import { formatDay, formatTime } from '../../lib/format';
import { useThemeVersion } from '../../data/theme';

export interface ChartLine {
  readonly name: string;
  readonly points: Points;
  /** Colour token without its prefix, such as `series-1`. */
  readonly color: string;
  readonly width?: number;
  readonly dash?: readonly number[];
  readonly area?: boolean;
  /** Stands for comparison only: where it alone is known, the stretch still counts as unknown. */
  readonly reference?: boolean;
}

export interface ChartMark {
  readonly at: number;
  /** Empty on all charts of a page but the first. */
  readonly label: string;
}

interface Props {
  steps: EqualSteps;
  lines: readonly ChartLine[];
  /** Marks of the vertical axis, from its foot to its top. */
  yMarks: readonly number[];
  yText: (value: number) => string;
  /** One sentence that says what the picture shows. */
  label: string;
  height: number;
  /** Charts with one key share their cursor. */
  sync?: string;
  marks?: readonly ChartMark[];
  /** A dotted level, such as a limit. */
  level?: { at: number; label: string };
  /** Where the time axis ends when the data is older than now. */
  until?: number;
  /** Dot at the newest point of the last line. */
  dot?: boolean;
  timeLabels?: number;
  onCursor?: (index: number | null) => void;
}

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;

/**
 * Lines over time. uPlot paints the lines; axes, marks and hatching are elements, so that they follow the theme and
 * the reader's type size.
 */
export function TimeChart(props: Props) {
  const { steps, lines, yMarks, yText, label, height, marks = [], level, dot, timeLabels = 6 } = props;
  const until = Math.max(props.until ?? steps.to, steps.to);
  const floor = yMarks[0] ?? 0;
  const top = yMarks.at(-1) ?? 1;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useThemeVersion();
  const latest = useRef({ from: steps.from, until, floor, top, onCursor: props.onCursor });
  latest.current = { from: steps.from, until, floor, top, onCursor: props.onCursor };
  const data = useRef<uPlot.AlignedData>([[]]);
  data.current = toColumns(steps, lines.map((line) => line.points)) as uPlot.AlignedData;

  // The number and looks of the lines; anything else changes without a new plot.
  const looks = JSON.stringify(lines.map(({ color, width, dash, area }) => ({ color, width, dash, area })));

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const styles = JSON.parse(looks) as Pick<ChartLine, 'color' | 'width' | 'dash' | 'area'>[];
    const series: uPlot.Series[] = styles.map(({ color, width = 1.6, dash, area }) => {
      const stroke = resolveColor(element, color);
      return { stroke, width, dash: dash ? [...dash] : undefined, fill: area ? withAlpha(stroke, 0.08) : undefined, points: { show: false }, spanGaps: false };
    });
    const chart = new uPlot(
      {
        width: Math.max(1, element.clientWidth),
        height: Math.max(1, element.clientHeight),
        padding: [0, 0, 0, 0],
        legend: { show: false },
        axes: [{ show: false }, { show: false }],
        scales: {
          x: { time: true, range: () => [latest.current.from / 1_000, latest.current.until / 1_000] },
          y: { range: () => [latest.current.floor, latest.current.top] },
        },
        cursor: { y: false, drag: { setScale: false, x: false, y: false }, points: { size: 8 }, sync: props.sync ? { key: props.sync } : undefined },
        series: [{}, ...series],
        hooks: { setCursor: [(u) => latest.current.onCursor?.(u.cursor.idx ?? null)] },
      },
      data.current,
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: Math.max(1, element.clientWidth), height: Math.max(1, element.clientHeight) }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current = null;
      chart.destroy();
    };
  }, [looks, theme, props.sync]);

  const points = JSON.stringify(lines.map((line) => line.points));
  useEffect(() => {
    plot.current?.setData(data.current);
  }, [points, steps.from, steps.to, until, floor, top]);

  const span = until - steps.from;
  const share = (at: number) => (at - steps.from) / span;
  const yShare = (value: number) => (value - floor) / (top - floor || 1);
  const times = timeMarks(steps.from, until, timeLabels);
  const main = lines.at(-1);
  const newest = main && lastKnown(main.points);
  const known = lines.filter((line) => !line.reference).map((line) => line.points);
  const labels = yMarks.map(yText);
  const left = Math.max(...labels.map((text) => text.length)) * 6 + 10;
  const longSpan = span > 86_400_000 * 1.5;
  const firstText = longSpan ? formatDay(steps.from, until) : formatTime(steps.from);

  return (
    <div className="chart" style={{ '--h': `${height}px`, paddingLeft: left } as CSSProperties}>
      <div className="plot">
        {unknownSpans(steps, known, until).map((gap) => (
          <i key={gap.from} className="hatch" style={{ left: percent(gap.from), right: percent(1 - gap.to) }} />
        ))}
        {yMarks.map((value, index) => (
          <span key={value}>
            <i className="gl" style={{ bottom: percent(yShare(value)) }} />
            <span className="yl" aria-hidden="true" style={{ bottom: percent(yShare(value)) }}>{labels[index]}</span>
          </span>
        ))}
        <div className="paint" ref={box} role="img" aria-label={label} />
        {level && (
          <i className="level" style={{ bottom: percent(yShare(level.at)) }}>
            <span>{level.label}</span>
          </i>
        )}
        {marks.filter(({ at }) => at > steps.from && at < until).map(({ at, label: text }) => (
          <div key={at} className={share(at) > 0.6 ? 'mk left low' : 'mk low'} style={{ left: percent(share(at)) }}>
            {text && <span>{text}</span>}
          </div>
        ))}
        {dot && main && newest && (
          <i className="dot" style={{ left: percent(Math.min(1, share(Math.min(steps.from + (newest.index + 0.5) * steps.stepMs, steps.to)))), bottom: percent(yShare(newest.value)), '--c': `var(--color-${main.color})` } as CSSProperties} />
        )}
        <span className="xl first" aria-hidden="true" style={{ left: 0 }}>{firstText}</span>
        {times.filter((at) => share(at) > 0.9 / timeLabels).map((at) => (
          <span key={at} className="xl" aria-hidden="true" style={{ left: percent(share(at)) }}>
            {longSpan ? formatDay(at, until) : formatTime(at)}
          </span>
        ))}
        <span className="xl last" aria-hidden="true" style={{ left: '100%' }}>now</span>
      </div>
    </div>
  );
}

/** The colour a token has here and now: canvas cannot read custom properties. */
function resolveColor(element: HTMLElement, token: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--color-${token})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const withAlpha = (color: string, alpha: number): string => {
  const [red = 0, green = 0, blue = 0] = (color.match(/\d+(\.\d+)?/g) ?? []).map(Number);
  return `rgba(${red}, ${green}, ${blue}, ${alpha})`;
};

/** The chart's numbers as a table, for those who read rather than look. */
export function SeriesTable({ steps, lines, caption }: { steps: EqualSteps; lines: readonly { name: string; points: Points; text: (value: number | null) => string }[]; caption: string }) {
  const length = lines[0]?.points.length ?? 0;
  return (
    <div className="series-table" tabIndex={0} role="region" aria-label={caption}>
      <table className="tbl compact">
        <caption className="sr">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">From, UTC</th>
            {lines.map((line) => <th key={line.name} scope="col" className="num">{line.name}</th>)}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length }, (_, index) => length - 1 - index).map((index) => (
            <tr key={index}>
              <th scope="row">{formatDay(steps.from + index * steps.stepMs, steps.to)} {formatTime(steps.from + index * steps.stepMs, steps.stepMs < 60_000)}</th>
              {lines.map((line) => <td key={line.name} className="num">{line.text(line.points[index] ?? null)}</td>)}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether a chart is shown as a table, and the button that switches. */
export function useAsTable(): readonly [boolean, ReactNode] {
  const [asTable, setAsTable] = useState(false);
  return [
    asTable,
    <button key="as-table" type="button" className="link xs" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
      {asTable ? 'Show as chart' : 'Show as table'}
    </button>,
  ];
}
