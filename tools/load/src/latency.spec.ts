import { describe, expect, it } from '@jest/globals';
import { LatencyRecorder } from './latency.js';

describe('latencies', () => {
  it('give exact percentiles, whatever the order and number of samples', () => {
    const recorder = new LatencyRecorder();
    for (let i = 3000; i >= 1; i--) recorder.add(i);
    expect(recorder.summary()).toEqual({ count: 3000, p50: 1500, p95: 2850, p99: 2970, max: 3000 });
  });

  it('are unknown without samples, and all the same with one', () => {
    const recorder = new LatencyRecorder();
    expect(recorder.summary()).toEqual({ count: 0, p50: null, p95: null, p99: null, max: null });
    recorder.add(1.234);
    expect(recorder.summary()).toEqual({ count: 1, p50: 1.23, p95: 1.23, p99: 1.23, max: 1.23 });
  });
});
