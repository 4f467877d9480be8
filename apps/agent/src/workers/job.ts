import type { ProverError } from '@provefleet/prover';
import type { Proved } from './protocol.js';

export type JobOutcome =
  | { readonly ok: true; readonly proved: Proved; readonly workerId: number }
  | { readonly ok: false; readonly error: ProverError; readonly workerId: number | null };

/** One proof to make: one input of a task. */
export interface Job {
  readonly taskId: string;
  readonly program: string;
  readonly input: Uint8Array;
  /** From its start in the worker; after that the worker counts as hung. Milliseconds. */
  readonly timeoutMs: number;
  /** Memory the backend expects it to take beyond the worker's idle size, bytes; null when it cannot tell. */
  estimatedBytes: number | null;
  /** Called exactly once, unless the job is given back because the agent stops. */
  settle(outcome: JobOutcome): void;
}
