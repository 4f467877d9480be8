/** Stages of one proof, in the order they happen. Backends may leave stages out, never add their own names. */
export const PROOF_STAGES = ['witness', 'commit', 'interaction', 'fri', 'encode', 'verify'] as const;
export type ProofStage = (typeof PROOF_STAGES)[number];

export interface StageTime {
  readonly stage: ProofStage;
  readonly milliseconds: number;
}

export interface ProveJob {
  /** Program id as the network names it, such as `fib_input_initial`. */
  readonly program: string;
  /** The task's public input bytes, exactly as received. */
  readonly input: Uint8Array;
  /** Called when a stage begins. Must be cheap and must not throw. */
  readonly onStage?: (stage: ProofStage) => void;
}

export interface ProveResult {
  /** The serialised proof: what is hashed, signed and submitted. */
  readonly proof: Uint8Array;
  /** The program's public output, bound by the proof. */
  readonly publicOutput: Uint8Array;
  /** The guest's exit code; a backend throws `GuestExit` for any other than 0. */
  readonly exitCode: 0;
  /** Steps of the program that the proof covers. */
  readonly cycles: number;
  readonly stages: readonly StageTime[];
}

/** What a proof says: this program, on this input, gives this output. */
export interface ProofClaim {
  readonly program: string;
  readonly input: Uint8Array;
  readonly publicOutput: Uint8Array;
  readonly proof: Uint8Array;
}

export type Verdict =
  | { readonly valid: true; readonly securityBits: number }
  | { readonly valid: false; readonly kind: VerdictKind; readonly reason: string };

/**
 * Why a proof was not accepted. `WeakSecurity`: it holds, but under a weaker configuration than the one pinned.
 * `Unverifiable`: nothing is known against the claim, but this backend has no verifier for its proof format.
 */
export type VerdictKind = 'UnknownProgram' | 'InvalidInput' | 'Malformed' | 'WeakSecurity' | 'WrongClaim' | 'Rejected' | 'Unverifiable';

export interface Capabilities {
  /** Ids of the programs this backend proves. */
  readonly programs: readonly string[];
  /** Conjectured security in bits by the library's own formula; null when the backend does not say. */
  readonly securityBits: number | null;
  /** The build that was chosen for this CPU, such as `x86-64-v3`. */
  readonly cpuBuild: string;
  /** CPU features seen, such as `avx2`. */
  readonly cpuFeatures: readonly string[];
  /** Name of the proof format. A network accepts certain formats only. */
  readonly proofFormat: string;
  /** Name of an external program the backend needs, or null. */
  readonly needsBinary: string | null;
  readonly version: string;
}

/** A way to make and check proofs. Backends are found by name in the {@link ProverRegistry}. */
export interface ProverBackend {
  readonly name: string;
  /** @throws ProverError `BackendUnavailable` with what to do about it. */
  capabilities(): Promise<Capabilities>;
  /**
   * Estimated peak memory of the job in bytes, beyond the process's idle size; null when the backend cannot tell.
   * @throws ProverError `UnknownProgram`, `InvalidInput`.
   */
  estimateMemory(program: string, input: Uint8Array): Promise<number | null>;
  /**
   * Proves one job. Takes effect of `signal` at the next stage boundary at the latest.
   * @throws ProverError of any kind; after an abort always `Cancelled`.
   */
  prove(job: ProveJob, signal: AbortSignal): Promise<ProveResult>;
  /** Checks a claim. Bad proof bytes of any kind give a negative verdict, never an exception. */
  verify(claim: ProofClaim): Promise<Verdict>;
  /** Frees what the backend holds (threads, processes). */
  close(): Promise<void>;
}
