// From the control plane's equal-step series to what the charts draw. uPlot wants columns: seconds, then one array of
// numbers or nulls for each line. A null is an unknown stretch and leaves a gap.

export interface EqualSteps {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
}
export type Points = readonly (number | null)[];

/**
 * Columns for uPlot. Entry i covers one step, so it is drawn at the step's middle, but never past `to`: the last step
 * is still running.
 * @throws RangeError when a line's length is not that of the first one.
 */
export function toColumns(steps: EqualSteps, lines: readonly Points[]): (number | null)[][] {
  const length = lines[0]?.length ?? 0;
  for (const line of lines) {
    if (line.length !== length) throw new RangeError(`a line has ${line.length} points where the first has ${length}`);
  }
  const xs = Array.from({ length }, (_, index) => Math.min(steps.from + (index + 0.5) * steps.stepMs, steps.to) / 1_000);
  return [xs, ...lines.map((line) => [...line])];
}

/** The newest known value and where it stands; null when nothing is known. */
export function lastKnown(line: Points): { value: number; index: number } | null {
  for (let index = line.length - 1; index >= 0; index -= 1) {
    const value = line[index];
    if (value !== null && value !== undefined) return { value, index };
  }
  return null;
}

/** Largest known value over all lines; 0 when nothing is known. */
export const largest = (lines: readonly Points[]): number =>
  lines.reduce<number>((most, line) => line.reduce<number>((max, value) => (value !== null && value > max ? value : max), most), 0);

const NICE = [1, 2, 2.5, 5, 10];

/**
 * Evenly spaced marks from 0 to just above `max`, at most `count` of them above zero, at 1, 2, 2.5 or 5 times a power
 * of ten. The last mark is the axis' top.
 */
export function niceMarks(max: number, count = 3, least = 0): number[] {
  const top = Math.max(max, least);
  if (top <= 0) return [0, 1];
  const rough = top / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = (NICE.find((factor) => factor * power >= rough * (1 - 1e-9)) ?? 10) * power;
  const marks: number[] = [];
  for (let index = 0; index <= Math.ceil(top / step - 1e-9); index += 1) marks.push(Number((index * step).toPrecision(12)));
  return marks;
}

/** Smallest known value over all lines; 0 when nothing is known. */
export function smallest(lines: readonly Points[]): number {
  const known = lines.flatMap((line) => line.filter((value) => value !== null));
  return known.length ? known.reduce((least, value) => Math.min(least, value)) : 0;
}

/** Marks for a line that need not begin at 0: where it stays in the upper half, the axis begins just below it. */
export function lineMarks(min: number, max: number): number[] {
  if (min <= max / 2) return niceMarks(max, 3);
  const [, step = 1] = niceMarks(max - min, 2, max * 0.05);
  const floor = Math.floor(min / step - 0.25) * step;
  const marks: number[] = [];
  for (let index = 0; index === 0 || (marks.at(-1) ?? 0) < max; index += 1) marks.push(Number((floor + index * step).toPrecision(12)));
  return marks;
}

const DURATION_STEPS = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_200_000, 3_600_000];
/** Like niceMarks for milliseconds, so that marks above a second fall on whole seconds and minutes. */
export function niceDurationMarks(max: number, count = 3): number[] {
  if (max <= 0) return [0, 1];
  const step = DURATION_STEPS.find((candidate) => max / candidate <= count) ?? niceMarks(max, count)[1] ?? max;
  return Array.from({ length: Math.ceil(max / step - 1e-9) + 1 }, (_, index) => index * step);
}

const MINUTE = 60_000;
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 240, 360, 720, 1_440, 2_880].map((minutes) => minutes * MINUTE);

/** Moments (ms) on round UTC times inside a range, at most `count`, leaving the last eighth free for the word "now". */
export function timeMarks(from: number, to: number, count: number): number[] {
  const span = to - from;
  const step = TIME_STEPS.find((candidate) => span / candidate <= count) ?? span;
  const marks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at < to - span / 8; at += step) marks.push(at);
  return marks;
}

/** Sums neighbouring points so that at most `count` bars remain; a bar of nothing but unknown points is 0 high. */
export function toBars(line: Points, count: number): number[] {
  const size = Math.max(1, Math.ceil(line.length / count));
  const bars: number[] = [];
  for (let start = 0; start < line.length; start += size) {
    bars.push(line.slice(start, start + size).reduce<number>((sum, value) => sum + (value ?? 0), 0));
  }
  return bars;
}

/** SVG path of a sparkline in a box of `width` × `height`, on the scale 0 to `max`. Unknown points lift the pen. */
export function sparkPath(points: Points, width: number, height: number, max: number): string {
  const step = points.length > 1 ? width / (points.length - 1) : 0;
  const scale = max > 0 ? (height - 2) / max : 0;
  let path = '';
  let pen = false;
  points.forEach((value, index) => {
    if (value === null) {
      pen = false;
      return;
    }
    path += `${pen ? 'L' : 'M'}${(index * step).toFixed(1)} ${(height - 1 - value * scale).toFixed(1)}`;
    pen = true;
  });
  return path;
}

/** Change against the day before at the same time, as a share (0.032: 3.2 % more); null when either is unknown or zero. */
export function changeAgainst(now: number | null, before: number | null): number | null {
  if (now === null || before === null || before === 0) return null;
  return now / before - 1;
}

/**
 * Stretches in which nothing is known, as shares of the whole (0 to 1): runs of null points, and what lies between the
 * series' end and `until` when the data is old. All lines must be unknown for a stretch to count.
 */
export function unknownSpans(steps: EqualSteps, lines: readonly Points[], until = steps.to): { from: number; to: number }[] {
  const length = lines[0]?.length ?? 0;
  const total = Math.max(until, steps.to) - steps.from;
  if (length === 0 || total <= 0) return [{ from: 0, to: 1 }];
  const spans: { from: number; to: number }[] = [];
  const add = (from: number, to: number) => {
    const last = spans.at(-1);
    if (last && last.to >= from) last.to = to;
    else if (to > from) spans.push({ from, to });
  };
  for (let index = 0; index < length; index += 1) {
    if (lines.some((line) => line[index] !== null)) continue;
    add((index * steps.stepMs) / total, Math.min((index + 1) * steps.stepMs, steps.to - steps.from) / total);
  }
  // The last two steps may simply not have been reported yet: that is the present, not a gap.
  const tail = spans.at(-1);
  const end = (steps.to - steps.from) / total;
  if (tail && tail.to >= end - 1e-9 && end - tail.from <= (2.01 * steps.stepMs) / total) spans.pop();
  if (until > steps.to) add(end, 1);
  return spans;
}

/** Marks, newest first, of which those that stand closer than `space` to a newer labelled one lose their label. */
export function spacedLabels<T extends { at: number; label: string }>(marks: readonly T[], space: number): T[] {
  let last = Number.POSITIVE_INFINITY;
  return marks.map((mark) => {
    if (last - mark.at < space) return { ...mark, label: '' };
    last = mark.at;
    return mark;
  });
}
