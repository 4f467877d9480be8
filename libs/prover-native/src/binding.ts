/** The addon's interface: the TypeScript twin of `crates/napi/src/lib.rs`. */

/** The interface that this package speaks; the addon names its own in {@link AddonInfo.interface}. */
export const ADDON_INTERFACE = 1;

export interface AddonInfo {
  readonly interface: number;
  readonly version: string;
  /** The kind of CPU it was built for: `x86-64`, `x86-64-v3`, `arm64` or `native`. */
  readonly build: string;
  /** The builds that this machine's CPU can run, plainest first. */
  readonly supportedBuilds: readonly string[];
  readonly cpuFeatures: readonly string[];
  readonly programs: readonly string[];
  readonly securityBits: number;
}

export interface NativeFailure {
  readonly code: 'UnknownProgram' | 'InvalidInput' | 'OutOfMemoryBudget' | 'Cancelled' | 'Internal';
  readonly message: string;
  readonly field?: string;
}

export interface NativeProof {
  readonly proof: Uint8Array;
  readonly publicOutput: Uint8Array;
  readonly exitCode: number;
  readonly cycles: number;
  readonly stages: readonly { readonly stage: string; readonly milliseconds: number }[];
}

/** Exactly one field is set; `proof` and `failure` are last events. */
export interface NativeProveEvent {
  readonly stage?: string;
  readonly proof?: NativeProof;
  readonly failure?: NativeFailure;
}

/** `securityBits` for a proof that holds, else `kind` and `reason`. */
export interface NativeVerifyEvent {
  readonly securityBits?: number;
  readonly kind?: string;
  readonly reason?: string;
}

export interface NativeJob {
  cancel(): void;
}

export interface NativeProver {
  prove(program: string, input: Uint8Array, memoryBudgetBytes: number | undefined, listener: (event: NativeProveEvent) => void): NativeJob;
  verify(program: string, input: Uint8Array, publicOutput: Uint8Array, proof: Uint8Array, listener: (event: NativeVerifyEvent) => void): void;
  close(): void;
}

export interface Addon {
  addonInfo(): AddonInfo;
  estimateMemory(program: string, input: Uint8Array): { readonly bytes?: number; readonly failure?: NativeFailure };
  readonly Prover: new (threads: number) => NativeProver;
}
