import { isUint8Array } from 'node:util/types';
import {
  type BackendOptions,
  type Capabilities,
  type ProofClaim,
  type ProofStage,
  type ProveJob,
  ProverError,
  type ProverBackend,
  type ProverErrorCode,
  type ProverRegistry,
  type ProveResult,
  type StageTime,
  type Verdict,
  type VerdictKind,
} from '@provefleet/prover';
import type { Addon, AddonInfo, NativeFailure, NativeJob, NativeProof, NativeProver } from './binding.js';
import { loadAddon } from './loader.js';

export const NATIVE_BACKEND = 'native';

/** Name of the proof format: the canonical encoding of `crates/fib`. */
export const NATIVE_PROOF_FORMAT = 'provefleet-stwo-fib-1';

/** More than any machine has, so that a slip of the keyboard does not start a million threads. */
const MAX_THREADS = 1024;

/** The crate's stages under the contract's names. The lookup argument's two parts are one stage to the outside. */
const STAGES: Readonly<Record<string, ProofStage>> = {
  trace: 'witness',
  'commit-trace': 'commit',
  interaction: 'interaction',
  'commit-interaction': 'interaction',
  stark: 'fri',
  encode: 'encode',
};

const FAILURE_CODES: Readonly<Record<NativeFailure['code'], ProverErrorCode>> = {
  UnknownProgram: 'UnknownProgram',
  InvalidInput: 'InvalidInput',
  OutOfMemoryBudget: 'OutOfMemory',
  Cancelled: 'Cancelled',
  Internal: 'WorkerCrashed',
};

/**
 * Starts the Stwo backend with threads of its own. Proofs are made one at a time, each on all of the threads; the
 * JavaScript thread and libuv's pool stay free.
 * @throws ProverError `BackendUnavailable` with what to do about it.
 */
export async function createNativeBackend(options: BackendOptions, load: typeof loadAddon = loadAddon): Promise<ProverBackend> {
  const { threads, memoryBudgetBytes } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new ProverError('BackendUnavailable', `threads must be an integer from 1 to ${MAX_THREADS}, got ${threads}`, { field: 'threads' });
  }
  if (memoryBudgetBytes !== undefined && !(Number.isFinite(memoryBudgetBytes) && memoryBudgetBytes >= 0)) {
    throw new ProverError('BackendUnavailable', `memoryBudgetBytes must be a number of bytes, got ${memoryBudgetBytes}`, { field: 'memoryBudgetBytes' });
  }
  const { addon, info } = load();
  try {
    return new NativeBackend(addon, info, new addon.Prover(threads), memoryBudgetBytes);
  } catch (error) {
    throw new ProverError('BackendUnavailable', error instanceof Error ? error.message : String(error), {}, { cause: error });
  }
}

/** The one line that makes the backend known by its name. */
export function registerNative(registry: ProverRegistry): ProverRegistry {
  return registry.register(NATIVE_BACKEND, (options) => createNativeBackend(options));
}

class NativeBackend implements ProverBackend {
  readonly name = NATIVE_BACKEND;
  private closed = false;
  private readonly running = new Set<NativeJob>();
  private readonly pending = new Set<Promise<unknown>>();

  constructor(
    private readonly addon: Addon,
    private readonly info: AddonInfo,
    private readonly prover: NativeProver,
    private readonly memoryBudgetBytes: number | undefined,
  ) {}

  async capabilities(): Promise<Capabilities> {
    const { programs, securityBits, build, cpuFeatures, version } = this.info;
    return { programs, securityBits, cpuBuild: build, cpuFeatures, proofFormat: NATIVE_PROOF_FORMAT, needsBinary: null, version };
  }

  async estimateMemory(program: string, input: Uint8Array): Promise<number | null> {
    requireBytes({ input });
    const { bytes, failure } = this.addon.estimateMemory(requireProgram(program), input);
    if (failure) throw toProverError(failure);
    return bytes ?? null;
  }

  async prove(job: ProveJob, signal: AbortSignal): Promise<ProveResult> {
    requireBytes({ input: job.input });
    const program = requireProgram(job.program);
    this.requireOpen();
    if (signal.aborted) throw new ProverError('Cancelled', 'the proof was cancelled before it began');
    return this.track(this.startProof(program, job, signal));
  }

  async verify(claim: ProofClaim): Promise<Verdict> {
    const { input, publicOutput, proof } = claim;
    requireBytes({ input, publicOutput, proof });
    const program = requireProgram(claim.program);
    this.requireOpen();
    return this.track(
      new Promise<Verdict>((resolve) => {
        this.prover.verify(program, input, publicOutput, proof, ({ securityBits, kind, reason }) => {
          resolve(
            securityBits !== undefined
              ? { valid: true, securityBits }
              : { valid: false, kind: kind as VerdictKind, reason: reason ?? 'no reason given' },
          );
        });
      }),
    );
  }

  /** Cancels what is running, waits for it, and ends the threads. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    for (const job of this.running) job.cancel();
    await Promise.allSettled(this.pending);
    this.prover.close();
  }

  private startProof(program: string, { input, onStage }: ProveJob, signal: AbortSignal): Promise<ProveResult> {
    return new Promise((resolve, reject) => {
      let lastStage: ProofStage | undefined;
      let listenerError: unknown;
      const job = this.prover.prove(program, input, this.memoryBudgetBytes, ({ stage, proof, failure }) => {
        if (stage !== undefined) {
          const named = STAGES[stage];
          if (named === undefined || named === lastStage || signal.aborted) return;
          lastStage = named;
          try {
            onStage?.(named);
          } catch (error) {
            listenerError ??= error;
            job.cancel();
          }
          return;
        }
        this.running.delete(job);
        signal.removeEventListener('abort', cancel);
        if (listenerError !== undefined) reject(ProverError.from(listenerError));
        else if (signal.aborted || this.closed) reject(new ProverError('Cancelled', 'the proof was cancelled'));
        else if (failure) reject(toProverError(failure));
        else if (proof) settle(proof, resolve, reject);
      });
      const cancel = () => job.cancel();
      this.running.add(job);
      signal.addEventListener('abort', cancel, { once: true });
    });
  }

  private async track<T>(work: Promise<T>): Promise<T> {
    this.pending.add(work);
    try {
      return await work;
    } finally {
      this.pending.delete(work);
    }
  }

  private requireOpen(): void {
    if (this.closed) throw new ProverError('BackendUnavailable', 'the native prover has been closed');
  }
}

function settle(proof: NativeProof, resolve: (result: ProveResult) => void, reject: (error: ProverError) => void): void {
  if (proof.exitCode !== 0) {
    reject(new ProverError('GuestExit', `the program ended with exit code ${proof.exitCode}`, { exitCode: proof.exitCode }));
    return;
  }
  resolve({ proof: proof.proof, publicOutput: proof.publicOutput, exitCode: 0, cycles: proof.cycles, stages: stageTimes(proof.stages) });
}

function stageTimes(native: NativeProof['stages']): StageTime[] {
  const times = new Map<ProofStage, number>();
  for (const { stage, milliseconds } of native) {
    const named = STAGES[stage];
    if (named !== undefined) times.set(named, (times.get(named) ?? 0) + milliseconds);
  }
  return [...times].map(([stage, milliseconds]) => ({ stage, milliseconds }));
}

function toProverError({ code, message, field }: NativeFailure): ProverError {
  return new ProverError(FAILURE_CODES[code] ?? 'WorkerCrashed', message, { field });
}

function requireProgram(program: unknown): string {
  if (typeof program !== 'string') throw new ProverError('MalformedTask', `program must be a string, got ${typeof program}`, { field: 'program' });
  return program;
}

/** What crosses into native code is checked here, whatever the types say: the caller's data came from a network. */
function requireBytes(fields: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of Object.entries(fields)) {
    if (!isUint8Array(value)) throw new ProverError('MalformedTask', `${field} must be a Uint8Array`, { field });
  }
}
