import { fileURLToPath } from 'node:url';
import { runForJson } from './processes.js';

/** One measurement of one size of `fib_input_initial` on (n, 1, 1). */
export interface Measurement {
  /** The addon's build for CPUs. */
  readonly build: string;
  /** Wall-clock milliseconds of each run, after the warm-up. */
  readonly prove: readonly number[];
  readonly verify: readonly number[];
  readonly proofBytes: number;
  /** Peak resident memory of the process and its size before the first proof, bytes. */
  readonly peakBytes: number;
  readonly idleBytes: number;
}

export interface MeasureOptions {
  readonly n: number;
  readonly runs: number;
  readonly threads: number;
}

/** Enough for caches, thread pool and JIT to be warm; the first proof of a process is many times slower. */
export const WARM_UP_RUNS = 3;

/** Proves and verifies through the addon, in a process of its own, so that peak memory is that of this size alone. */
export function measureAddon({ n, runs, threads }: MeasureOptions, build: string): Promise<Measurement> {
  const script = fileURLToPath(new URL('./children/addon.js', import.meta.url));
  return runForJson<Measurement>(process.execPath, [script, String(n), String(runs), String(threads)], { PROVEFLEET_CPU_BUILD: build });
}
