/**
 * Every way a proof can fail to come about. The code travels unchanged from a worker process to the dashboard, so a
 * code is never renamed; `retryable` says whether the same job may succeed on another worker.
 */
export const PROVER_ERROR_CODES = [
  'MalformedTask',
  'UnknownProgram',
  'InvalidInput',
  'GuestExit',
  'OutOfMemory',
  'WorkerCrashed',
  'Cancelled',
  'DeadlineExceeded',
  'VerificationFailed',
  'BackendUnavailable',
] as const;

export type ProverErrorCode = (typeof PROVER_ERROR_CODES)[number];

const RETRYABLE: ReadonlySet<ProverErrorCode> = new Set(['OutOfMemory', 'WorkerCrashed', 'VerificationFailed']);

/** What a {@link ProverError} looks like on the way between processes. */
export interface ProverErrorData {
  readonly code: ProverErrorCode;
  readonly message: string;
  /** `GuestExit`: the guest's exit code. `WorkerCrashed`: the process's exit code, when it had one. */
  readonly exitCode?: number;
  /** `WorkerCrashed`, `OutOfMemory`: the signal that ended the process. */
  readonly signal?: string;
  /** `InvalidInput`, `MalformedTask`: the field at fault. */
  readonly field?: string;
}

/** A failure of proving or verifying, of one of the kinds in {@link PROVER_ERROR_CODES}. */
export class ProverError extends Error {
  override readonly name = 'ProverError';
  readonly code: ProverErrorCode;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly field?: string;

  constructor(code: ProverErrorCode, message: string, details: Omit<ProverErrorData, 'code' | 'message'> = {}, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.exitCode = details.exitCode;
    this.signal = details.signal;
    this.field = details.field;
  }

  /** True when the failure lies with the worker and not with the task, so that one more try elsewhere makes sense. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }

  toData(): ProverErrorData {
    return { code: this.code, message: this.message, exitCode: this.exitCode, signal: this.signal, field: this.field };
  }

  static fromData(data: ProverErrorData): ProverError {
    return new ProverError(data.code, data.message, data);
  }

  /** Wraps anything thrown: a ProverError stays as it is, the rest becomes `WorkerCrashed` with its message. */
  static from(thrown: unknown): ProverError {
    if (thrown instanceof ProverError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new ProverError('WorkerCrashed', message, {}, { cause: thrown });
  }
}
