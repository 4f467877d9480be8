import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as ed25519 from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { AGENT_SOCKET_PATH, authMessage, enrolBodySchema, enrolMessage, parseAgentFrame, type DesiredDocument, type FleetEvent, type Heartbeat, type MachineFacts, type ServerFrame } from '@provefleet/fleet-protocol';
import { WebSocketServer, type WebSocket } from 'ws';

ed25519.hashes.sha512 = sha512;

export const JOIN_TOKEN = 'pft_test_token_0123456789abcdef';

/** A control plane on loopback: enrols one machine, checks its identity, keeps its events as the real one does. */
export class TestControlPlane {
  readonly machineId = randomUUID();
  publicKey = '';
  /** Events by sequence: what a database with a unique key holds. */
  readonly stored = new Map<number, FleetEvent>();
  /** Every event that arrived, repeats included. */
  readonly arrived: FleetEvent[] = [];
  readonly heartbeats: Heartbeat[] = [];
  readonly text: string[] = [];
  facts: MachineFacts | null = null;
  desired: { revision: number; document: DesiredDocument } = { revision: 1, document: { workers: 2, paused: false, pauseNote: '' } };
  approved = true;
  /** False: events are stored and not acknowledged, as when an answer is lost. */
  acknowledges = true;
  connections = 0;
  private server: Server | null = null;
  private sockets = new Set<WebSocket>();
  private port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get lastSequence(): number {
    return Math.max(0, ...this.stored.keys());
  }

  settled(): Extract<FleetEvent, { kind: 'task-settled' }>[] {
    return [...this.stored.values()].flatMap((event) => (event.kind === 'task-settled' ? [event] : []));
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const [status, body] = request.method === 'POST' && request.url === '/api/v1/enrol' ? this.enrol(Buffer.concat(chunks).toString()) : [404, {}];
        response.writeHead(status as number, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    const sockets = new WebSocketServer({ server, path: AGENT_SOCKET_PATH });
    sockets.on('connection', (socket) => this.connected(socket));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Goes away without a goodbye. */
  async stop(): Promise<void> {
    const { server } = this;
    this.server = null;
    for (const socket of this.sockets) socket.terminate();
    this.sockets.clear();
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  }

  /** Asks something else of the machine. */
  want(revision: number, document: DesiredDocument): void {
    this.desired = { revision, document };
    for (const socket of this.sockets) this.send(socket, { type: 'desired', revision, document });
  }

  closeAll(code: number, reason: string): void {
    for (const socket of this.sockets) socket.close(code, reason);
  }

  private enrol(text: string): [number, unknown] {
    const body = enrolBodySchema.parse(JSON.parse(text));
    const tokenHash = createHash('sha256').update(body.token).digest('hex');
    const message = enrolMessage(tokenHash, body.publicKey, body.sealingKey);
    const holdsKey = ed25519.verify(Buffer.from(body.signature, 'hex'), message, Buffer.from(body.publicKey, 'hex'));
    if (body.token !== JOIN_TOKEN || !holdsKey) {
      return [401, { type: 'about:blank', title: 'Unauthorized', status: 401, detail: 'the join token is not known', code: 'ENROLMENT_TOKEN_UNKNOWN', correlationId: 'c1' }];
    }
    this.publicKey = body.publicKey;
    this.facts = body.facts;
    return [201, { machineId: this.machineId, name: body.name, approved: this.approved, revision: 0, document: { workers: 'auto', paused: false, pauseNote: '' } }];
  }

  private connected(socket: WebSocket): void {
    const nonce = randomBytes(32).toString('hex');
    let known = false;
    this.connections++;
    this.send(socket, { type: 'challenge', protocol: 1, nonce, serverTime: Date.now() });
    socket.on('message', (data) => {
      const text = String(data);
      this.text.push(text);
      const result = parseAgentFrame(text);
      if (!result.ok) {
        socket.close(4400, result.message.slice(0, 100));
        return;
      }
      const { frame } = result;
      if (frame.type === 'auth') {
        known = frame.machineId === this.machineId && ed25519.verify(Buffer.from(frame.signature, 'hex'), authMessage(nonce, frame.machineId), Buffer.from(this.publicKey, 'hex'));
        if (!known) {
          socket.close(4401, 'not this machine');
          return;
        }
        this.sockets.add(socket);
        this.send(socket, { type: 'welcome', protocol: 1, machineName: 'test', approved: this.approved, heartbeatIntervalMs: 250, lastSequence: this.lastSequence, serverTime: Date.now() });
        this.send(socket, { type: 'desired', ...this.desired });
      } else if (!known) {
        socket.close(4401, 'not authenticated');
      } else if (frame.type === 'heartbeat') {
        this.heartbeats.push(frame.heartbeat);
      } else if (frame.type === 'hello') {
        this.facts = frame.facts;
      } else if (frame.type === 'events') {
        for (const event of frame.events) {
          this.arrived.push(event);
          if (!this.stored.has(event.sequence)) this.stored.set(event.sequence, event);
        }
        if (this.acknowledges) this.send(socket, { type: 'ack', sequence: this.lastSequence });
      }
    });
    socket.on('close', () => this.sockets.delete(socket));
  }

  private send(socket: WebSocket, frame: ServerFrame): void {
    socket.send(JSON.stringify(frame));
  }
}
