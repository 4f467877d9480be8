import type { Capabilities, ProofStage, ProverErrorData, StageTime } from '@provefleet/prover';

/** Agent → worker process. The channel serialises structurally, so bytes stay bytes. */
export type ToWorker =
  | { readonly type: 'init'; readonly backend: string; readonly threads: number; readonly memoryBudgetBytes: number | null }
  /** Jobs are done in the order they come, one after the other. */
  | { readonly type: 'prove'; readonly jobId: number; readonly program: string; readonly input: Uint8Array }
  /** What would this job take? Answered at once, whatever is under way. */
  | { readonly type: 'estimate'; readonly requestId: number; readonly program: string; readonly input: Uint8Array }
  /** Finish the job under way, give the others back, then end. */
  | { readonly type: 'stop' };

/** Worker process → agent. `memoryBytes` is the process's resident size. */
export type FromWorker =
  | { readonly type: 'ready'; readonly capabilities: Capabilities; readonly memoryBytes: number }
  | { readonly type: 'unavailable'; readonly error: ProverErrorData }
  | { readonly type: 'stage'; readonly jobId: number; readonly stage: ProofStage }
  /** `peakBytes`: the process's largest resident size so far. */
  | { readonly type: 'proved'; readonly jobId: number; readonly proved: Proved; readonly memoryBytes: number; readonly peakBytes: number }
  | { readonly type: 'failed'; readonly jobId: number; readonly error: ProverErrorData; readonly memoryBytes: number }
  /** `bytes` is null when the backend cannot tell, or the job is not one it can do: proving it tells why. */
  | { readonly type: 'estimated'; readonly requestId: number; readonly bytes: number | null }
  /** The job was not begun, because the worker stops. */
  | { readonly type: 'returned'; readonly jobId: number }
  | { readonly type: 'memory'; readonly memoryBytes: number };

/** A proof that its own worker has verified. */
export interface Proved {
  readonly proof: Uint8Array;
  readonly publicOutput: Uint8Array;
  readonly cycles: number;
  readonly stages: readonly StageTime[];
  /** Wall time of proving and verifying, milliseconds. */
  readonly milliseconds: number;
}

/** How often a busy worker tells its size, milliseconds. */
export const MEMORY_REPORT_MS = 1000;
