import http from 'node:http';
import https from 'node:https';
import { OrchestratorError } from './errors.js';

export interface HttpLimits {
  /** Time to get a connection, TLS included, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** Time for the whole call, answer included, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Largest answer accepted, in bytes. */
  readonly maxResponseBytes: number;
}

export const DEFAULT_LIMITS: HttpLimits = { connectTimeoutMs: 10_000, requestTimeoutMs: 10_000, maxResponseBytes: 4 * 2 ** 20 };

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  /** Sent in this order and this case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
  /** How errors name the call. */
  readonly call: string;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Uint8Array;
}

// Idle connections are closed before any server in use closes them (the shortest common limit is 5 s): otherwise a
// request can be sent into a connection that is just going away, and nobody knows whether it arrived.
const IDLE_CONNECTION_MS = 4_000;

/** HTTP/1.1 over kept connections, one pool for each scheme. Every failure is an OrchestratorError. */
export class HttpTransport {
  private readonly plain = new http.Agent({ keepAlive: true, maxSockets: 16, timeout: IDLE_CONNECTION_MS });
  private readonly secure = new https.Agent({ keepAlive: true, maxSockets: 16, timeout: IDLE_CONNECTION_MS });

  constructor(private readonly limits: HttpLimits = DEFAULT_LIMITS) {}

  /** @throws OrchestratorError `Network`, `Timeout`, `TooLarge`, `Aborted`. */
  send(request: HttpRequest): Promise<HttpResponse> {
    const { call, signal, body, url } = request;
    const { connectTimeoutMs, requestTimeoutMs, maxResponseBytes } = this.limits;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new OrchestratorError('Aborted', 'aborted before it was sent', { call }));
        return;
      }
      const secure = url.protocol === 'https:';
      const outgoing = (secure ? https : http).request(url, {
        method: request.method,
        agent: secure ? this.secure : this.plain,
        setHost: false,
      });
      for (const [name, value] of request.headers) outgoing.setHeader(name, value);
      // HTTP/1.1 keeps connections without being told; the recorded client sends no such header.
      outgoing.removeHeader('connection');

      // Until the connection stands nothing can have reached the server.
      let connected = false;
      let settled = false;
      const finish = (settle: () => void): void => {
        if (settled) return;
        settled = true;
        clearTimeout(connectTimer);
        clearTimeout(requestTimer);
        signal?.removeEventListener('abort', onAbort);
        settle();
      };
      const fail = (error: OrchestratorError): void => {
        finish(() => reject(error));
        outgoing.destroy();
      };
      const connectTimer = setTimeout(
        () => fail(new OrchestratorError('Timeout', `no connection within ${connectTimeoutMs} ms`, { call, phase: 'connect' })),
        connectTimeoutMs,
      );
      const requestTimer = setTimeout(
        () => fail(new OrchestratorError('Timeout', `no complete answer within ${requestTimeoutMs} ms`, { call, phase: 'request', uncertain: connected })),
        requestTimeoutMs,
      );
      const onAbort = (): void => fail(new OrchestratorError('Aborted', 'aborted by the caller', { call, uncertain: connected }));
      signal?.addEventListener('abort', onAbort, { once: true });

      const onConnected = (): void => {
        connected = true;
        clearTimeout(connectTimer);
      };
      outgoing.on('socket', (socket) => {
        if (outgoing.reusedSocket) onConnected();
        else socket.once(secure ? 'secureConnect' : 'connect', onConnected);
      });
      const onBroken = (cause: Error): void => {
        const code = (cause as NodeJS.ErrnoException).code;
        fail(new OrchestratorError('Network', code ? `${code}: ${cause.message}` : cause.message, { call, uncertain: connected }, { cause }));
      };
      outgoing.on('error', onBroken);
      outgoing.on('response', (incoming) => {
        const chunks: Buffer[] = [];
        let size = 0;
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > maxResponseBytes) {
            fail(new OrchestratorError('TooLarge', `the answer is larger than ${maxResponseBytes} bytes`, { call, status: incoming.statusCode, uncertain: true }));
            return;
          }
          chunks.push(chunk);
        });
        incoming.on('error', onBroken);
        incoming.on('end', () => {
          // A body cut short ends as an error, never here: node reports ECONNRESET "aborted".
          finish(() => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }));
        });
      });
      outgoing.end(body);
    });
  }

  /** Closes every kept connection. */
  close(): void {
    this.plain.destroy();
    this.secure.destroy();
  }
}
