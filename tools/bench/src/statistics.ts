/** @throws RangeError on an empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - 1], sorted[middle]];
  if (high === undefined) throw new RangeError('the median of nothing');
  return sorted.length % 2 === 1 || low === undefined ? high : (low + high) / 2;
}

/** Smallest, middle and largest. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  return { min: Math.min(...values), median: median(values), max: Math.max(...values) };
}

/** Ratios of two series that were measured in turns: each pair shares what else the machine was doing at the time. */
export function ratios(measured: readonly number[], base: readonly number[]): Spread {
  if (measured.length !== base.length) throw new RangeError(`${measured.length} rounds against ${base.length}`);
  return spread(measured.map((value, round) => value / (base[round] ?? Number.NaN)));
}
