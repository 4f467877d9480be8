/** Milliseconds, rounded to hundredths. */
export interface LatencySummary {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly max: number | null;
}

/** Keeps every sample, so that percentiles are exact. */
export class LatencyRecorder {
  private samples = new Float64Array(1024);
  private count = 0;

  add(milliseconds: number): void {
    if (this.count === this.samples.length) {
      const grown = new Float64Array(this.samples.length * 2);
      grown.set(this.samples);
      this.samples = grown;
    }
    this.samples[this.count++] = milliseconds;
  }

  summary(): LatencySummary {
    const sorted = this.samples.slice(0, this.count).sort();
    /** Nearest rank: the smallest sample that at least this share of all does not exceed. */
    const percentile = (share: number) => round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]);
    return { count: this.count, p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99), max: percentile(1) };
  }
}

const round = (value: number | undefined) => (value === undefined ? null : Math.round(value * 100) / 100);
