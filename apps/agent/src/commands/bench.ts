import { encodeInput, FIB_INPUT_INITIAL, ProverError, type ProverRegistry } from '@provefleet/prover';
import { AgentError } from '../errors.js';
import { proveAndVerify } from '../workers/run-worker.js';

export interface BenchOptions {
  readonly n: number;
  readonly seconds: number;
  readonly backend: string;
  readonly threads: number;
}

export interface BenchAnswer {
  readonly backend: string;
  readonly cpuBuild: string;
  readonly threads: number;
  readonly n: number;
  readonly proofs: number;
  readonly proofsPerMinute: number;
  /** Proving and verifying one proof, milliseconds. */
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly proofBytes: number;
  readonly peakMemoryBytes: number;
}

/**
 * Makes proofs of one size, one after the other, for a while. What it says is of this machine at this hour.
 * @throws AgentError `ProvingFailed`.
 */
export async function bench({ n, seconds, backend: name, threads }: BenchOptions, backends: ProverRegistry, onProof: (done: number) => void): Promise<BenchAnswer> {
  try {
    const backend = await backends.create(name, { threads });
    try {
      const job = { program: FIB_INPUT_INITIAL, input: encodeInput({ program: FIB_INPUT_INITIAL, n, initA: 1, initB: 1 }) };
      const proveOnce = () => proveAndVerify(backend, job, () => performance.now(), () => undefined);
      // Not counted: the first one fills caches and tables.
      const { proof } = await proveOnce();
      const times: number[] = [];
      const started = performance.now();
      while (performance.now() - started < seconds * 1000 || times.length === 0) {
        times.push((await proveOnce()).milliseconds);
        onProof(times.length);
      }
      const elapsed = performance.now() - started;
      times.sort((a, b) => a - b);
      const { cpuBuild } = await backend.capabilities();
      return {
        backend: name, cpuBuild, threads, n, proofs: times.length,
        proofsPerMinute: round((times.length / elapsed) * 60_000),
        medianMs: round(quantile(times, 0.5)), p95Ms: round(quantile(times, 0.95)),
        proofBytes: proof.length, peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      };
    } finally {
      await backend.close();
    }
  } catch (error) {
    if (error instanceof ProverError) throw new AgentError('ProvingFailed', `${error.code}: ${error.message}`, { cause: error });
    throw error;
  }
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
