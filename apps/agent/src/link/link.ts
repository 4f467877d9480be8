import { authMessage, CLOSE_CODES, MAX_EVENTS_PER_FRAME, MAX_FRAME_BYTES, parseServerFrame, type AgentFrame, type DesiredDocument, type FleetEvent, type Heartbeat, type MachineFacts, type ServerFrame } from '@provefleet/fleet-protocol';
import { PROTOCOL_VERSION } from '@provefleet/fleet-protocol';
import { Backoff } from '@provefleet/scheduling';
import type { AgentClock } from '../clock.js';
import { line, messageOf } from '../errors.js';
import type { KeyPair } from '../identity/keys.js';
import type { Logger } from '../logging.js';

/** The part of a WebSocket the link uses. */
export interface Socket {
  send(text: string): void;
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  onText(listener: (text: string) => void): void;
  onPong(listener: () => void): void;
  /** Called once, however the socket ends; `problem` when it never opened. */
  onClose(listener: (code: number, reason: string, problem: string | null) => void): void;
}

export interface LinkOptions {
  readonly url: URL;
  readonly machineId: string;
  readonly key: KeyPair;
  readonly connect: (url: URL) => Socket;
  readonly clock: AgentClock;
  readonly logger: Logger;
  readonly facts: () => MachineFacts;
  readonly observedRevision: () => number;
  readonly heartbeat: () => Heartbeat;
  readonly events: {
    readAfter(sequence: number, maxEvents: number, maxBytes: number): Promise<FleetEvent[]>;
    acknowledge(sequence: number): void;
    onDurable(listener: () => void): void;
  };
  /** Takes a desired revision; applies it or reports it as rejected in the next heartbeat. */
  readonly applyDesired: (revision: number, document: DesiredDocument) => Promise<void>;
  readonly setApproved: (approved: boolean) => void;
  readonly onChange: () => void;
}

export type LinkState =
  | { readonly kind: 'connected'; readonly since: number }
  | { readonly kind: 'connecting' | 'waiting'; readonly cause: string }
  /** Not to be tried again until the machine is joined anew. */
  | { readonly kind: 'revoked'; readonly cause: string }
  | { readonly kind: 'stopped' };

const RECONNECT = { baseMs: 1000, factor: 2, maxMs: 60_000, jitter: 0.5 };
/** After a refused proof of identity, or a takeover by another connection: time for an operator to look. */
const RECONNECT_SLOWLY = { baseMs: 60_000, factor: 2, maxMs: 600_000, jitter: 0.2 };
const HANDSHAKE_MS = 15_000;
const PING_MS = 15_000;
const ACK_TIMEOUT_MS = 60_000;
/** Leaves room in a frame for what surrounds the events. */
const EVENT_BYTES = MAX_FRAME_BYTES / 2;

/**
 * The connection to the control plane. It is made again whenever it is lost, for ever; proving does not wait for it.
 * Events go out in order, one batch at a time, each acknowledged before the next.
 */
export class Link {
  private socket: Socket | null = null;
  private current: LinkState = { kind: 'waiting', cause: 'not yet connected' };
  private readonly backoff: Backoff;
  private readonly slowBackoff: Backoff;
  private timers = new Map<'reconnect' | 'handshake' | 'heartbeat' | 'ping' | 'ack', () => void>();
  private authenticated = false;
  private heartbeatIntervalMs = 10_000;
  private acknowledged = 0;
  /** Last sequence of the batch on its way; null when none is. */
  private inFlight: number | null = null;
  private readingEvents = false;
  private pongDue = false;
  private stopped = false;

  constructor(private readonly options: LinkOptions) {
    this.backoff = new Backoff(RECONNECT, () => options.clock.random());
    this.slowBackoff = new Backoff(RECONNECT_SLOWLY, () => options.clock.random());
    options.events.onDurable(() => this.sendEvents());
  }

  get state(): LinkState {
    return this.current;
  }

  start(): void {
    this.stopped = false;
    this.open();
  }

  /** Says goodbye after the events at hand are acknowledged, or the time is over. */
  async stop(withinMs: number): Promise<void> {
    if (this.authenticated) await this.drain(withinMs);
    this.stopped = true;
    this.clearTimers();
    this.socket?.close(1000, 'agent stops');
    this.socket = null;
    this.show({ kind: 'stopped' });
  }

  /** Sends the figures now, besides the regular times: something an operator waits to see has changed. */
  heartbeatNow(): void {
    if (this.authenticated) this.sendHeartbeat();
  }

  private async drain(withinMs: number): Promise<void> {
    const { clock, events } = this.options;
    const deadline = clock.now() + withinMs;
    this.sendHeartbeat();
    while (this.authenticated && clock.now() < deadline) {
      const left = await events.readAfter(this.acknowledged, 1, EVENT_BYTES);
      if (left.length === 0) return;
      await new Promise<void>((resolve) => clock.setTimer(20, resolve));
    }
  }

  private open(): void {
    const socket = this.options.connect(this.options.url);
    this.socket = socket;
    this.authenticated = false;
    this.inFlight = null;
    this.show({ kind: 'connecting', cause: this.current.kind === 'waiting' ? this.current.cause : '' });
    this.setTimer('handshake', HANDSHAKE_MS, () => socket.terminate());
    socket.onText((text) => {
      if (this.socket === socket) this.receive(text);
    });
    socket.onPong(() => (this.pongDue = false));
    socket.onClose((code, reason, problem) => {
      if (this.socket === socket) this.closed(code, reason, problem);
    });
  }

  private receive(text: string): void {
    const result = parseServerFrame(text);
    if (!result.ok) {
      this.options.logger.warn({ problem: result.problem }, `control plane sent a frame that was not understood: ${result.message}`);
      if (result.problem === 'unknown-type') this.send({ type: 'error', code: 'UnknownType', message: line(result.message, 300) });
      else this.socket?.close(CLOSE_CODES.malformed, line(result.message, 100));
      return;
    }
    this.take(result.frame);
  }

  private take(frame: ServerFrame): void {
    const { options } = this;
    switch (frame.type) {
      case 'challenge': {
        const signature = Buffer.from(options.key.sign(authMessage(frame.nonce, options.machineId))).toString('hex');
        this.send({ type: 'auth', protocol: PROTOCOL_VERSION, machineId: options.machineId, signature });
        return;
      }
      case 'welcome':
        this.welcomed(frame);
        return;
      case 'ack':
        this.acknowledge(frame.sequence);
        return;
      case 'desired':
        options
          .applyDesired(frame.revision, frame.document)
          .then(() => this.heartbeatNow())
          .catch((error: unknown) => options.logger.error({ revision: frame.revision }, `cannot apply the desired revision: ${messageOf(error)}`));
        return;
      case 'error':
        options.logger.warn({ code: frame.code }, `control plane reports: ${frame.message}`);
    }
  }

  private welcomed(frame: Extract<ServerFrame, { type: 'welcome' }>): void {
    const { options } = this;
    this.cancelTimer('handshake');
    const first = !this.authenticated;
    this.authenticated = true;
    this.backoff.reset();
    this.slowBackoff.reset();
    this.heartbeatIntervalMs = frame.heartbeatIntervalMs;
    options.setApproved(frame.approved);
    if (first) {
      this.send({ type: 'hello', facts: options.facts(), observedRevision: options.observedRevision() });
      this.show({ kind: 'connected', since: options.clock.wallNow() });
      options.logger.info({ machine: frame.machineName }, 'connected to the control plane');
      this.pongDue = false;
      this.schedulePing();
    }
    this.sendHeartbeat();
    this.acknowledge(frame.lastSequence);
  }

  private acknowledge(sequence: number): void {
    this.acknowledged = Math.max(this.acknowledged, sequence);
    this.options.events.acknowledge(sequence);
    if (this.inFlight !== null && sequence >= this.inFlight) {
      this.inFlight = null;
      this.cancelTimer('ack');
    }
    this.sendEvents();
  }

  private sendEvents(): void {
    if (!this.authenticated || this.inFlight !== null || this.readingEvents) return;
    this.readingEvents = true;
    const { socket } = this;
    this.options.events
      .readAfter(this.acknowledged, MAX_EVENTS_PER_FRAME, EVENT_BYTES)
      .then((events) => {
        this.readingEvents = false;
        const last = events.at(-1);
        if (last === undefined || !this.authenticated || this.socket !== socket) return;
        this.inFlight = last.sequence;
        this.setTimer('ack', ACK_TIMEOUT_MS, () => socket?.terminate());
        this.send({ type: 'events', events });
      })
      .catch((error: unknown) => {
        this.readingEvents = false;
        this.options.logger.error(`cannot read the event log: ${messageOf(error)}`);
      });
  }

  private sendHeartbeat(): void {
    this.send({ type: 'heartbeat', heartbeat: this.options.heartbeat() });
    // A tenth either way, so that a fleet's heartbeats spread out.
    const interval = this.heartbeatIntervalMs * (0.9 + 0.2 * this.options.clock.random());
    this.setTimer('heartbeat', interval, () => this.sendHeartbeat());
  }

  private schedulePing(): void {
    this.setTimer('ping', PING_MS, () => {
      if (this.pongDue) {
        this.socket?.terminate();
        return;
      }
      this.pongDue = true;
      this.socket?.ping();
      this.schedulePing();
    });
  }

  private send(frame: AgentFrame): void {
    this.socket?.send(JSON.stringify(frame));
  }

  private closed(code: number, reason: string, problem: string | null): void {
    const wasConnected = this.authenticated;
    this.socket = null;
    this.authenticated = false;
    this.inFlight = null;
    this.clearTimers();
    if (this.stopped) return;
    const cause = line(problem ?? (reason || `closed with code ${code}`), 300);
    if (code === CLOSE_CODES.revoked) {
      this.options.logger.error({ code }, `the control plane has revoked this machine: ${cause}. Proving goes on; join again to be managed`);
      this.show({ kind: 'revoked', cause });
      return;
    }
    const slowly = code === CLOSE_CODES.unauthenticated || code === CLOSE_CODES.replaced || code === CLOSE_CODES.wrongVersion;
    const delay = slowly ? this.slowBackoff.next() : this.backoff.next();
    const message = `no connection to the control plane: ${cause}`;
    if (wasConnected || slowly) this.options.logger.warn({ code, retryInMs: Math.round(delay) }, message);
    else this.options.logger.info({ retryInMs: Math.round(delay) }, message);
    this.show({ kind: 'waiting', cause });
    this.setTimer('reconnect', delay, () => this.open());
  }

  private show(state: LinkState): void {
    this.current = state;
    this.options.onChange();
  }

  private setTimer(name: Parameters<typeof this.timers.set>[0], milliseconds: number, run: () => void): void {
    this.cancelTimer(name);
    this.timers.set(name, this.options.clock.setTimer(milliseconds, run));
  }

  private cancelTimer(name: Parameters<typeof this.timers.set>[0]): void {
    this.timers.get(name)?.();
    this.timers.delete(name);
  }

  private clearTimers(): void {
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
  }
}
