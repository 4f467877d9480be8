/** An answer in the network's error shape. */
export class WireError extends Error {
  override readonly name = 'WireError';

  /** @param kind the shape's `name`, such as `NotFoundError` */
  constructor(
    readonly status: number,
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** How the answer is sent; unset: as usual. */
  readonly delivery?: Delivery;
}

export type Delivery =
  /** Nothing for a while, then as usual. */
  | { readonly kind: 'late'; readonly ms: number }
  /** Headers at once, then the body one byte at a time; an empty body is announced as longer than it is. */
  | { readonly kind: 'drip'; readonly everyMs: number }
  /** The connection is reset after the headers and half of the body, or, with `early`, before any of it. */
  | { readonly kind: 'reset'; readonly early: boolean }
  /** No answer, ever. */
  | { readonly kind: 'silence' };

export function errorAnswer(status: number, kind: string, message: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: new TextEncoder().encode(JSON.stringify({ name: kind, message, httpCode: status })),
  };
}

export function messageAnswer(body: Uint8Array = new Uint8Array()): Answer {
  return { status: 200, headers: body.length > 0 ? { 'content-type': 'application/octet-stream' } : {}, body };
}
