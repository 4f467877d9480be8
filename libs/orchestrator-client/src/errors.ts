/** Every way a call can fail. The codes end up in logs and on the dashboard, so none is ever renamed. */
export const ORCHESTRATOR_ERROR_CODES = [
  /** The orchestrator answered with a status other than 2xx: `status`, `body`, `retryAfterMs` say more. */
  'HttpStatus',
  /** No answer came: name not found, refused, reset, TLS. `cause` has the system's error. */
  'Network',
  /** Connecting or the whole call took longer than allowed. */
  'Timeout',
  /** An answer came that is not the message it should be, such as a proxy's page with status 200. */
  'Undecodable',
  /** The answer was larger than allowed. */
  'TooLarge',
  /** A well-formed answer without a task in it: there is none now. */
  'MissingTask',
  /** The task wants something handed in that we do not know. */
  'UnknownTaskType',
  /** The caller's signal ended the call. */
  'Aborted',
  /** The call itself is wrong: bad address, key or argument. Nothing was sent. */
  'InvalidRequest',
] as const;

export type OrchestratorErrorCode = (typeof ORCHESTRATOR_ERROR_CODES)[number];

/** The orchestrator's own error body. */
export interface ErrorBody {
  readonly name: string;
  readonly message: string;
  readonly httpCode: number | null;
}

export interface OrchestratorErrorDetails {
  /** The call that failed, such as `POST v3/tasks`. */
  readonly call?: string;
  /** `HttpStatus`: the status. */
  readonly status?: number;
  /** `HttpStatus`: the body, when it was the orchestrator's own shape. */
  readonly body?: ErrorBody | null;
  /** `HttpStatus`: how long the server asked to wait, in milliseconds; null when it did not say. */
  readonly retryAfterMs?: number | null;
  /** `Timeout`: which limit was passed. */
  readonly phase?: 'connect' | 'request';
  /** True when the request may have reached the server and taken effect, although no answer came. */
  readonly uncertain?: boolean;
  /** `UnknownTaskType`: the task at fault. */
  readonly taskId?: string;
}

/** A failed call to the orchestrator. */
export class OrchestratorError extends Error {
  override readonly name = 'OrchestratorError';
  readonly code: OrchestratorErrorCode;
  readonly call?: string;
  readonly status?: number;
  readonly body: ErrorBody | null;
  readonly retryAfterMs: number | null;
  readonly phase?: 'connect' | 'request';
  readonly uncertain: boolean;
  readonly taskId?: string;

  constructor(code: OrchestratorErrorCode, message: string, details: OrchestratorErrorDetails = {}, options?: ErrorOptions) {
    super(details.call ? `${details.call}: ${message}` : message, options);
    this.code = code;
    this.call = details.call;
    this.status = details.status;
    this.body = details.body ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
    this.phase = details.phase;
    this.uncertain = details.uncertain ?? false;
    this.taskId = details.taskId;
  }
}

const MAX_TEXT = 500;

/**
 * Reads an error body. Never throws: JSON of another shape, HTML, binary and nothing at all give null.
 * Texts are cut to 500 characters.
 */
export function parseErrorBody(bytes: Uint8Array): ErrorBody | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null) return null;
  const { name, message, httpCode } = parsed as Record<string, unknown>;
  if (typeof name !== 'string' && typeof message !== 'string') return null;
  return {
    name: typeof name === 'string' ? name.slice(0, MAX_TEXT) : '',
    message: typeof message === 'string' ? message.slice(0, MAX_TEXT) : '',
    httpCode: typeof httpCode === 'number' && Number.isInteger(httpCode) ? httpCode : null,
  };
}

/**
 * Milliseconds to wait from a Retry-After header (RFC 9110: seconds or an HTTP date); a date gone by gives 0, anything
 * else null.
 * @param nowMs wall clock in milliseconds since the epoch
 */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | null {
  const text = header?.trim();
  if (!text) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // An HTTP date names its weekday or month; Date.parse alone would also take bare numbers.
  if (!/[A-Za-z]{3}/.test(text)) return null;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
