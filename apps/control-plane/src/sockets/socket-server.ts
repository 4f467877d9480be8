import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { CLOSE_CODES } from '@provefleet/fleet-protocol';
import { WebSocket, WebSocketServer } from 'ws';
import { LOGGER, type Logger } from '../config/logger.js';

/** Close code by which `ws` says that a frame was larger than its limit. */
const WS_TOO_LARGE = 1009;
/** `closeTimeout`, which the types do not know: how long the other end may take to answer a close before it is cut, in milliseconds. No compression: a small frame must not grow into a large one. */
const LIMITS = { closeTimeout: 5_000, perMessageDeflate: false };

/** Says by our own code and with a reason that a frame was too large. */
class FleetSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    if (code === WS_TOO_LARGE) super.close(CLOSE_CODES.tooLarge, 'frame is too large');
    else super.close(code, reason);
  }
}

export interface SocketEndpoint<Admission> {
  readonly path: string;
  /** Largest frame taken, in bytes. */
  readonly maxFrameBytes: number;
  /** Looks at the request before the socket opens; a number refuses it with that HTTP status. */
  admit(request: IncomingMessage): Promise<Admission | number>;
  open(socket: WebSocket, admission: Admission, request: IncomingMessage): void;
}

/** Takes WebSocket upgrades on the HTTP server and hands them out by path. */
@Injectable()
export class SocketServer {
  private readonly endpoints = new Map<string, (request: IncomingMessage, stream: Duplex, head: Buffer) => Promise<void>>();
  private isClosing = false;

  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  register<Admission>({ path, maxFrameBytes, admit, open }: SocketEndpoint<Admission>): void {
    const server = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes, ...LIMITS, WebSocket: FleetSocket });
    this.endpoints.set(path, async (request, stream, head) => {
      const admission = await admit(request);
      if (typeof admission === 'number') return refuse(stream, admission);
      if (this.isClosing) return refuse(stream, 503);
      server.handleUpgrade(request, stream, head, (socket) => {
        // What went wrong shows in the close that follows.
        socket.on('error', (error) => this.logger.debug({ path, reason: error.message }, 'socket failed'));
        open(socket, admission, request);
      });
    });
  }

  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
      stream.on('error', (error) => this.logger.debug({ reason: error.message }, 'connection failed before it was a socket'));
      const upgrade = this.endpoints.get((request.url ?? '').split('?')[0] ?? '');
      if (!upgrade) return refuse(stream, 404);
      if (this.isClosing) return refuse(stream, 503);
      upgrade(request, stream, head).catch((error: unknown) => {
        this.logger.warn({ reason: error instanceof Error ? error.message : String(error) }, 'could not open a socket');
        refuse(stream, 503);
      });
    });
  }

  /** Opens no further sockets. */
  stopAccepting(): void {
    this.isClosing = true;
  }
}

function refuse(stream: Duplex, status: number): void {
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
