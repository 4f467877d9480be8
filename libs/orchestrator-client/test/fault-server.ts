import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly socket: Socket;
}

/** A real server on a free port whose answer each test writes itself. */
export class FaultServer {
  readonly seen: Seen[] = [];
  private readonly server: http.Server;
  answer: (response: http.ServerResponse, seen: Seen) => void = (response) => response.end();

  private constructor() {
    this.server = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const seen = {
          method: request.method ?? '',
          url: request.url ?? '',
          httpVersion: request.httpVersion,
          rawHeaders: request.rawHeaders,
          body: Buffer.concat(chunks),
          socket: request.socket,
        };
        this.seen.push(seen);
        this.answer(response, seen);
      });
    });
  }

  static async start(): Promise<FaultServer> {
    const it = new FaultServer();
    await new Promise<void>((resolve) => it.server.listen(0, '127.0.0.1', resolve));
    return it;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}
