import { isUint8Array } from 'node:util/types';
import {
  type BackendOptions,
  type Capabilities,
  FIB_INPUT_INITIAL,
  type FibInputInitial,
  parseInput,
  type ProofClaim,
  type ProveJob,
  type ProverBackend,
  ProverError,
  type ProverRegistry,
  type ProveResult,
  referenceOutput,
  type Verdict,
} from '@provefleet/prover';
import { howItEnded, locate, NEXUS_PROGRAM, notStarted, readVersion, unavailable } from './program.js';
import { run, type RunResult } from './run.js';

export const NEXUS_CLI_BACKEND = 'nexus-cli';

/** Name of the proof format: the network's zkVM proof as its client serialises it. The public network accepts it. */
export const NEXUS_CLI_PROOF_FORMAT = 'nexus-zkvm';

/** Far above any proof of the network's, so that a program gone wrong cannot fill the memory. */
const MAX_PROOF_BYTES = 64 * 1024 * 1024;

/** The client's exit code for an error it describes on stderr. */
const INNER_ERROR = 3;
/** Exit code that its argument parser gives for an unknown command or option. */
const USAGE_ERROR = 2;
/** 128 + SIGKILL, where a shell or container reports the signal as a code. */
const KILLED = 137;

export interface NexusCliOptions {
  /** Path of the program; searched on PATH unless given. */
  readonly path?: string;
}

/**
 * Proves by the operator's own installed `nexus-network`, one process a proof. That program has no command to verify:
 * see {@link ProverBackend.verify} below.
 * @throws ProverError `BackendUnavailable` with what to do about it.
 */
export async function createNexusCliBackend(options: BackendOptions, { path }: NexusCliOptions = {}): Promise<ProverBackend> {
  if (!Number.isInteger(options.threads) || options.threads < 1) {
    throw new ProverError('BackendUnavailable', `threads must be an integer of at least 1, got ${options.threads}`, { field: 'threads' });
  }
  const backend = new NexusCliBackend(locate(path, process.env), options.threads);
  await backend.capabilities();
  return backend;
}

/** The one line that makes the backend known by its name. */
export function registerNexusCli(registry: ProverRegistry, options: NexusCliOptions = {}): ProverRegistry {
  return registry.register(NEXUS_CLI_BACKEND, (backendOptions) => createNexusCliBackend(backendOptions, options));
}

class NexusCliBackend implements ProverBackend {
  readonly name = NEXUS_CLI_BACKEND;
  private readonly closing = new AbortController();
  private readonly running = new Set<Promise<unknown>>();

  constructor(
    private readonly path: string,
    private readonly threads: number,
  ) {}

  async capabilities(): Promise<Capabilities> {
    return {
      programs: [FIB_INPUT_INITIAL],
      securityBits: null,
      cpuBuild: 'external',
      cpuFeatures: [],
      proofFormat: NEXUS_CLI_PROOF_FORMAT,
      needsBinary: NEXUS_PROGRAM,
      // Asked anew each time: the operator may have upgraded it meanwhile.
      version: await readVersion(this.path, this.environment()),
    };
  }

  async estimateMemory(program: string, input: Uint8Array): Promise<number | null> {
    readInput(program, input);
    return null;
  }

  async prove({ program, input }: ProveJob, signal: AbortSignal): Promise<ProveResult> {
    const parsed = readInput(program, input);
    this.requireOpen();
    if (signal.aborted) throw new ProverError('Cancelled', 'the proof was cancelled before it began');
    const running = this.runProgram(parsed, AbortSignal.any([signal, this.closing.signal]));
    this.running.add(running);
    try {
      const result = await running;
      if (signal.aborted || this.closing.signal.aborted) throw new ProverError('Cancelled', 'the proof was cancelled');
      const failure = failureOf(result, this.path);
      if (failure) throw failure;
      // The program prints the proof alone. What it proves is known all the same: the program on this input.
      return { proof: result.stdout, publicOutput: referenceOutput(parsed), exitCode: 0, cycles: parsed.n + 1, stages: [] };
    } finally {
      this.running.delete(running);
    }
  }

  /**
   * Recognises claims that are wrong by themselves: another program, a bad input, a result the program does not have, no
   * proof. Of any other it can only say `Unverifiable`, because the network's client has no command to verify a proof.
   */
  async verify(claim: ProofClaim): Promise<Verdict> {
    const { program, input, publicOutput, proof } = claim;
    requireBytes({ input, publicOutput, proof });
    this.requireOpen();
    let expected: Uint8Array;
    try {
      expected = referenceOutput(readInput(program, input));
    } catch (error) {
      if (!(error instanceof ProverError) || (error.code !== 'UnknownProgram' && error.code !== 'InvalidInput')) throw error;
      return { valid: false, kind: error.code, reason: error.message };
    }
    if (proof.length === 0) return { valid: false, kind: 'Malformed', reason: 'the proof is empty' };
    if (Buffer.compare(expected, publicOutput) !== 0) {
      return { valid: false, kind: 'WrongClaim', reason: 'the program has another result on this input' };
    }
    return { valid: false, kind: 'Unverifiable', reason: `${NEXUS_PROGRAM} has no command to verify a proof; the network verifies it on submission` };
  }

  /** Kills what is running and waits for its end. */
  async close(): Promise<void> {
    this.closing.abort();
    await Promise.allSettled(this.running);
  }

  private async runProgram({ n, initA, initB }: FibInputInitial, signal: AbortSignal): Promise<RunResult> {
    const args = ['prove-fib-subprocess', '--inputs', JSON.stringify([n, initA, initB])];
    try {
      return await run(this.path, args, { maxStdoutBytes: MAX_PROOF_BYTES, env: this.environment(), signal });
    } catch (error) {
      throw notStarted(this.path, error);
    }
  }

  /** The agent's environment without the agent's own settings, which may hold secrets. */
  private environment(): NodeJS.ProcessEnv {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PROVEFLEET_'));
    // The usual switch of Rust's thread pool; a program without one ignores it.
    return { ...Object.fromEntries(inherited), RAYON_NUM_THREADS: String(this.threads) };
  }

  private requireOpen(): void {
    if (this.closing.signal.aborted) throw new ProverError('BackendUnavailable', 'the nexus-cli prover has been closed');
  }
}

/** What the end of the program means; null when it made a proof. */
export function failureOf(result: RunResult, path: string): ProverError | null {
  const { exitCode, killedBy, stdout, tooLarge } = result;
  const said = result.stderr === '' ? '' : `: ${result.stderr}`;
  if (tooLarge) return new ProverError('WorkerCrashed', `${NEXUS_PROGRAM} wrote more than ${MAX_PROOF_BYTES} bytes and was killed`);
  if (killedBy === 'SIGKILL' || exitCode === KILLED) {
    return new ProverError('OutOfMemory', `${NEXUS_PROGRAM} was killed, probably for want of memory${said}`, { signal: 'SIGKILL' });
  }
  if (killedBy !== null) return new ProverError('WorkerCrashed', `${NEXUS_PROGRAM} was ended by ${killedBy}${said}`, { signal: killedBy });
  if (exitCode === USAGE_ERROR) return unavailable(`${path} does not know prove-fib-subprocess; another version is needed${said}`);
  if (exitCode === INNER_ERROR) return new ProverError('WorkerCrashed', `${NEXUS_PROGRAM} could not prove${said}`, { exitCode });
  if (exitCode !== 0) return new ProverError('WorkerCrashed', `${NEXUS_PROGRAM} failed (${howItEnded(result)})${said}`, { exitCode: exitCode ?? undefined });
  if (stdout.length === 0) return new ProverError('WorkerCrashed', `${NEXUS_PROGRAM} ended well but wrote no proof${said}`, { exitCode });
  return null;
}

/** @throws ProverError `MalformedTask`, `UnknownProgram`, `InvalidInput`. */
function readInput(program: unknown, input: Uint8Array): FibInputInitial {
  requireBytes({ input });
  if (typeof program !== 'string') throw new ProverError('MalformedTask', `program must be a string, got ${typeof program}`, { field: 'program' });
  const parsed = program === FIB_INPUT_INITIAL ? parseInput(program, input) : undefined;
  if (parsed?.program !== FIB_INPUT_INITIAL) {
    throw new ProverError('UnknownProgram', `${NEXUS_PROGRAM} does not prove "${program}"; it proves ${FIB_INPUT_INITIAL}`);
  }
  return parsed;
}

function requireBytes(fields: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of Object.entries(fields)) {
    if (!isUint8Array(value)) throw new ProverError('MalformedTask', `${field} must be a Uint8Array`, { field });
  }
}
