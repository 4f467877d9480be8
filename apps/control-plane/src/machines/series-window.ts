import { type Range, RANGES } from '@provefleet/fleet-protocol';

/** Length of one step of a chart over each range, in milliseconds: 90 to 168 steps. */
const STEPS: Readonly<Record<Range, number>> = { '15m': 10_000, '1h': 30_000, '6h': 180_000, '24h': 600_000, '7d': 3_600_000 };
/** Samples are kept one for each ten seconds; charts end on that grid, so that a step always holds whole samples. */
export const SAMPLE_MS = 10_000;

/** Equal steps over a range that ends now: step i covers [from + i·stepMs, from + (i+1)·stepMs). */
export interface SeriesWindow {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly steps: number;
}

export function windowOf(range: Range, now: number): SeriesWindow {
  const stepMs = STEPS[range];
  const to = Math.floor(now / SAMPLE_MS) * SAMPLE_MS;
  return { from: to - RANGES[range], to, stepMs, steps: RANGES[range] / stepMs };
}

/** The window of the same length just before. */
export const before = ({ from, to, ...rest }: SeriesWindow): SeriesWindow => ({ ...rest, from: from - (to - from), to: from });

/** Events a minute of a count in one step. */
export const perMinute = (count: number, stepMs: number): number => (count * 60_000) / stepMs;
