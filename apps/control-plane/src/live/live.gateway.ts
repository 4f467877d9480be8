import type { IncomingMessage } from 'node:http';
import { fastifyCookie } from '@fastify/cookie';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { CLOSE_CODES, type EventRecord, LIVE_SOCKET_PATH, type LiveFrame, liveRequestSchema } from '@provefleet/fleet-protocol';
import type { WebSocket } from 'ws';
import type { z } from 'zod';
import { TokenBucket } from '../api/token-bucket.js';
import type { Session } from '../auth/auth.repository.js';
import { AuthService } from '../auth/auth.service.js';
import { SESSION_COOKIE } from '../auth/cookie.js';
import { isGranted, type Permission } from '../auth/permissions.js';
import { CLOCK, type Clock } from '../config/clock.js';
import { CONFIG, type Config } from '../config/config.js';
import { LOGGER, type Logger } from '../config/logger.js';
import { MachineError } from '../machines/machines.error.js';
import { MachinesService } from '../machines/machines.service.js';
import { closeAll } from '../sockets/closing.js';
import { SocketServer } from '../sockets/socket-server.js';
import { FleetChanges } from './fleet-changes.js';
import { LiveClient } from './live.client.js';

type LiveRequest = z.infer<typeof liveRequestSchema>;

const TICK_MS = 1_000;
/** Events go out more often than machines: they are at hand and cost no query. */
const EVENTS_TICK_MS = 250;
const MAX_REQUEST_BYTES = 4_096;
const REQUESTS_AT_ONCE = 20;
const REQUESTS_PER_SECOND = 5;
/** Machines in one frame; what is left waits for the next tick. */
const MAX_MACHINES_PER_TICK = 500;
/** Events of one tick, 800 a second; what is left waits for the next. */
const MAX_EVENTS_PER_TICK = 200;
/** Events that wait: a second's worth, so that none is old news. Of more, the newest stay and the watchers read the rest by REST. */
const MAX_WAITING_EVENTS = 800;

/** Opening the socket needs this; each message names its own. */
const OPEN_PERMISSION: Permission = 'fleet:read';
const MESSAGE_PERMISSIONS: Readonly<Record<LiveRequest['type'], Permission>> = { watch: 'fleet:read' };

/** The dashboards' live socket: events as they come, and once a second what changed, read from the database, so that REST and socket never differ. */
@Injectable()
export class LiveGateway implements OnModuleInit, BeforeApplicationShutdown {
  private readonly clients = new Set<LiveClient>();
  private readonly changed = new Set<string>();
  private events: EventRecord[] = [];
  private missedEvents = 0;
  private sweptAt: number;
  private timer: NodeJS.Timeout | undefined;
  private eventsTimer: NodeJS.Timeout | undefined;
  private tickRunning: Promise<void> | undefined;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly auth: AuthService,
    private readonly machines: MachinesService,
    private readonly changes: FleetChanges,
    private readonly sockets: SocketServer,
  ) {
    this.sweptAt = clock();
  }

  onModuleInit(): void {
    this.sockets.register({ path: LIVE_SOCKET_PATH, maxFrameBytes: MAX_REQUEST_BYTES, admit: (request) => this.admit(request), open: (socket, session) => this.open(socket, session) });
    this.changes.machines.on((ids) => this.noteMachines(ids));
    this.changes.events.on((records) => this.noteEvents(records));
    this.changes.revoked.on(() => this.broadcast({ type: 'resync', reason: 'a machine was taken out of the fleet' }));
    this.changes.sessionEnded.on((sessionId) => {
      for (const { session, socket } of this.clients) if (session.id === sessionId) socket.close(CLOSE_CODES.unauthenticated, 'signed out');
    });
    this.timer = setInterval(() => {
      this.tickRunning ??= this.tick().finally(() => (this.tickRunning = undefined));
    }, TICK_MS);
    this.eventsTimer = setInterval(() => this.sendEvents(), EVENTS_TICK_MS);
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    clearInterval(this.eventsTimer);
    this.sockets.stopAccepting();
    await this.tickRunning;
    await closeAll([...this.clients].map(({ socket }) => socket), CLOSE_CODES.goingAway, 'the control plane goes down; come back after a moment');
  }

  /** Browsers send cookies along with sockets from any page, so the origin is checked before the session. */
  private async admit({ headers }: IncomingMessage): Promise<Session | number> {
    if (headers.origin === undefined || !this.config.webOrigins.includes(headers.origin)) return 403;
    const session = await this.auth.authenticate(fastifyCookie.parse(headers.cookie ?? '')[SESSION_COOKIE]);
    if (!session) return 401;
    return isGranted(session.role, OPEN_PERMISSION) ? session : 403;
  }

  private open(socket: WebSocket, session: Session): void {
    const client = new LiveClient(socket, session);
    const requests = new TokenBucket(REQUESTS_AT_ONCE, REQUESTS_PER_SECOND, this.clock);
    this.clients.add(client);
    socket.on('close', () => this.clients.delete(client));
    socket.on('message', (data, isBinary) => {
      if (!requests.take()) return socket.close(CLOSE_CODES.tooFast, `more than ${REQUESTS_PER_SECOND} messages a second`);
      const request = isBinary ? undefined : parseRequest(data.toString());
      if (!request) return socket.close(CLOSE_CODES.malformed, 'message is not known');
      if (!isGranted(session.role, MESSAGE_PERMISSIONS[request.type])) return socket.close(CLOSE_CODES.unauthenticated, `the role ${session.role} does not allow ${request.type}`);
      client.watched = request.machineId;
      if (request.machineId !== null) this.changed.add(request.machineId);
    });
    client.send({ type: 'ready', serverTime: this.clock() });
  }

  private noteMachines(ids: readonly string[]): void {
    if (this.clients.size > 0) for (const id of ids) this.changed.add(id);
  }

  private noteEvents(records: readonly EventRecord[]): void {
    if (this.clients.size === 0) return;
    this.events.push(...records);
    const surplus = this.events.length - MAX_WAITING_EVENTS;
    if (surplus <= 0) return;
    this.events.splice(0, surplus);
    this.missedEvents += surplus;
  }

  private async tick(): Promise<void> {
    const now = this.clock();
    for (const { session, socket } of this.clients) if (session.expiresAt <= now) socket.close(CLOSE_CODES.unauthenticated, 'the session has expired');
    try {
      this.tellMissedEvents();
      if (this.clients.size > 0) await this.sendMachines(now);
      this.sweptAt = now;
    } catch (error) {
      // The next tick looks again, from where the last good one ended.
      this.logger.debug({ reason: error instanceof Error ? error.message : String(error) }, 'could not read what changed');
    }
  }

  private sendEvents(): void {
    const items = this.events.splice(0, MAX_EVENTS_PER_TICK);
    if (items.length > 0) this.broadcast({ type: 'events', items });
  }

  /** Once a second at most, for each costs every watcher a few requests. */
  private tellMissedEvents(): void {
    const { missedEvents } = this;
    this.missedEvents = 0;
    if (missedEvents > 0) this.broadcast({ type: 'resync', reason: `${missedEvents} events came too fast to show` });
  }

  private async sendMachines(now: number): Promise<void> {
    this.noteMachines(await this.machines.wentOffline(this.sweptAt, now));
    const ids = [...this.changed].slice(0, MAX_MACHINES_PER_TICK);
    if (ids.length === 0) return;
    const [items, byState] = await Promise.all([this.machines.summaries(ids), this.machines.countByStateNow()]);
    for (const id of ids) this.changed.delete(id);
    this.broadcast({ type: 'machines', items, byState });
    await Promise.all([...new Set([...this.clients].map(({ watched }) => watched))].filter((id) => id !== null).filter((id) => ids.includes(id)).map((id) => this.sendDetail(id)));
  }

  private async sendDetail(machineId: string): Promise<void> {
    try {
      const machine = await this.machines.detail(machineId);
      for (const client of this.clients) if (client.watched === machineId) client.send({ type: 'machine', machine });
    } catch (error) {
      // Watching a machine that is not there shows nothing.
      if (!(error instanceof MachineError)) throw error;
    }
  }

  private broadcast(frame: LiveFrame): void {
    for (const client of this.clients) client.send(frame);
  }
}

function parseRequest(text: string): LiveRequest | undefined {
  try {
    return liveRequestSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
