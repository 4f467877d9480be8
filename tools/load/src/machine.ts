import { CLOSE_CODES, MAX_EVENTS_PER_FRAME, parseServerFrame, PROTOCOL_VERSION, type AgentFrame, type DesiredDocument, type FleetEvent, type MachineFacts, type ServerFrame } from '@provefleet/fleet-protocol';
import { EventSource } from './events.js';
import { makeFacts, makeHeartbeat } from './heartbeat.js';
import type { Identity } from './identity.js';
import { Outbox, type Entry } from './outbox.js';
import { SeededRandom } from './random.js';

/** The part of a WebSocket a machine uses. */
export interface Socket {
  send(text: string): void;
  ping(): void;
  close(code: number, reason: string): void;
  terminate(): void;
  onText(listener: (text: string) => void): void;
  /** Called once, however it ends. */
  onClose(listener: (code: number, reason: string) => void): void;
}

export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Milliseconds since the epoch. */
  wallNow(): number;
  /** @returns cancels it */
  after(milliseconds: number, call: () => void): () => void;
}

/** What the fleet wants to know of its machines as it happens. */
export interface MachineObserver {
  connected(machine: SimulatedMachine, downtimeMs: number | null): void;
  disconnected(machine: SimulatedMachine, code: number, reason: string): void;
  /** A connection that ended before the welcome. */
  notWelcomed(machine: SimulatedMachine, code: number, reason: string): void;
  sent(events: readonly Entry[]): void;
  /** Each event once. One made before `connectedSince` waited for a connection. */
  acknowledged(events: readonly Entry[], now: number, connectedSince: number): void;
  heartbeat(): void;
  /** Something that must not happen. */
  fault(machine: SimulatedMachine, description: string): void;
}

export interface MachineOptions {
  readonly seed: string;
  readonly run: string;
  readonly identity: Identity;
  readonly machineId: string;
  readonly revision: number;
  readonly document: DesiredDocument;
  /** Workers while the document says `auto`. */
  readonly workers: number;
  readonly connect: () => Socket;
  readonly clock: Clock;
  readonly observer: MachineObserver;
}

// As a real agent keeps them.
const RECONNECT_BASE_MS = 1000;
const RECONNECT_MAX_MS = 60_000;
const HANDSHAKE_MS = 15_000;
const PING_MS = 15_000;
const ACK_TIMEOUT_MS = 60_000;

type Timer = 'reconnect' | 'handshake' | 'heartbeat' | 'ping' | 'ack';

/** One machine on the fleet protocol: answers the challenge, greets, beats, sends its events until each is acknowledged. */
export class SimulatedMachine {
  readonly events: EventSource;
  readonly machineId: string;
  readonly name: string;
  /** Sequence reached before this run; known after the first welcome. */
  firstSequence: number | null = null;
  private readonly outbox = new Outbox();
  private readonly random: SeededRandom;
  private readonly facts: MachineFacts;
  private readonly startedAt: number;
  private readonly timers = new Map<Timer, () => void>();
  private socket: Socket | null = null;
  private authenticated = false;
  private stopped = true;
  private failures = 0;
  private heartbeatIntervalMs = 10_000;
  private inFlight: number | null = null;
  private acknowledgedUpTo = 0;
  private connectedSince = 0;
  private lostAt: number | null = null;
  private revision: number;
  private document: DesiredDocument;

  constructor(private readonly options: MachineOptions) {
    const { seed, identity, run, workers } = options;
    this.machineId = options.machineId;
    this.name = identity.name;
    this.events = new EventSource(seed, identity.index, workers, run);
    this.random = new SeededRandom(seed, `machine ${identity.index}`);
    this.facts = makeFacts(identity.name, this.random);
    this.startedAt = options.clock.wallNow();
    this.revision = options.revision;
    this.document = options.document;
  }

  get isConnected(): boolean {
    return this.authenticated;
  }

  /** Events not yet acknowledged. */
  get pending(): number {
    return this.outbox.size;
  }

  start(): void {
    this.stopped = false;
    this.open();
  }

  /** Closes the connection for good. */
  stop(): void {
    this.stopped = true;
    this.clearTimers();
    this.socket?.close(1000, 'load ends');
    this.socket = null;
    this.authenticated = false;
  }

  /** Breaks the connection without a goodbye, as a network does. */
  cut(): void {
    this.socket?.terminate();
  }

  /** Makes one event and sends it as soon as the batch before it is acknowledged. */
  emit(): FleetEvent {
    const event = this.events.next(this.options.clock.wallNow());
    this.outbox.append(event, this.options.clock.now());
    this.sendEvents();
    return event;
  }

  private open(): void {
    const socket = this.options.connect();
    this.socket = socket;
    this.setTimer('handshake', HANDSHAKE_MS, () => socket.terminate());
    socket.onText((text) => {
      if (this.socket === socket) this.receive(text);
    });
    socket.onClose((code, reason) => {
      if (this.socket === socket) this.closed(code, reason);
    });
  }

  private receive(text: string): void {
    const result = parseServerFrame(text);
    if (result.ok) this.take(result.frame);
    else this.fault(`a frame from the control plane is not of the protocol: ${result.message}`);
  }

  private take(frame: ServerFrame): void {
    switch (frame.type) {
      case 'challenge':
        this.send({ type: 'auth', protocol: PROTOCOL_VERSION, machineId: this.machineId, signature: this.options.identity.signChallenge(frame.nonce, this.machineId) });
        return;
      case 'welcome':
        this.welcomed(frame);
        return;
      case 'ack':
        this.acknowledge(frame.sequence);
        return;
      case 'desired':
        this.revision = frame.revision;
        this.document = frame.document;
        this.sendHeartbeat();
        return;
      case 'error':
        this.fault(`the control plane reports ${frame.code}: ${frame.message}`);
    }
  }

  private welcomed({ heartbeatIntervalMs, lastSequence }: Extract<ServerFrame, { type: 'welcome' }>): void {
    const { clock, observer } = this.options;
    const isNew = !this.authenticated;
    this.heartbeatIntervalMs = heartbeatIntervalMs;
    if (isNew) {
      this.cancelTimer('handshake');
      this.authenticated = true;
      this.failures = 0;
      this.connectedSince = clock.now();
      this.send({ type: 'hello', facts: this.facts, observedRevision: this.revision });
      this.schedulePing();
      observer.connected(this, this.lostAt === null ? null : clock.now() - this.lostAt);
      this.lostAt = null;
    }
    if (this.firstSequence === null) {
      this.firstSequence = lastSequence;
      this.acknowledgedUpTo = lastSequence;
      this.events.continueAfter(lastSequence);
    }
    if (lastSequence < this.acknowledgedUpTo) this.fault(`events up to ${this.acknowledgedUpTo} were acknowledged, and the control plane has ${lastSequence} only`);
    this.sendHeartbeat();
    this.acknowledge(lastSequence);
  }

  private acknowledge(sequence: number): void {
    if (sequence > this.events.lastSequence) this.fault(`the control plane acknowledges ${sequence}, and ${this.events.lastSequence} is the last that was made`);
    this.acknowledgedUpTo = Math.max(this.acknowledgedUpTo, sequence);
    const stored = this.outbox.acknowledge(sequence);
    if (stored.length > 0) this.options.observer.acknowledged(stored, this.options.clock.now(), this.connectedSince);
    if (this.inFlight !== null && sequence >= this.inFlight) {
      this.inFlight = null;
      this.cancelTimer('ack');
    }
    this.sendEvents();
  }

  private sendEvents(): void {
    if (!this.authenticated || this.inFlight !== null) return;
    const batch = this.outbox.takeBatch(MAX_EVENTS_PER_FRAME);
    const last = batch.at(-1);
    if (last === undefined) return;
    const { socket } = this;
    this.inFlight = last.event.sequence;
    this.setTimer('ack', ACK_TIMEOUT_MS, () => {
      this.fault(`no acknowledgement within ${ACK_TIMEOUT_MS / 1000} s`);
      socket?.terminate();
    });
    this.send({ type: 'events', events: batch.map(({ event }) => event) });
    this.options.observer.sent(batch);
  }

  private sendHeartbeat(): void {
    const { identity, workers, clock, observer } = this.options;
    const heartbeat = makeHeartbeat(
      {
        index: identity.index,
        workers: this.document.workers === 'auto' ? workers : this.document.workers,
        startedAt: this.startedAt,
        facts: this.facts,
        publicKey: identity.publicKey,
        events: this.events,
        outboxEvents: this.outbox.size,
        revision: this.revision,
        document: this.document,
      },
      clock.wallNow(),
      this.random,
    );
    this.send({ type: 'heartbeat', heartbeat });
    observer.heartbeat();
    this.setTimer('heartbeat', this.heartbeatIntervalMs * (0.9 + 0.2 * this.random.next()), () => this.sendHeartbeat());
  }

  private schedulePing(): void {
    this.setTimer('ping', PING_MS, () => {
      this.socket?.ping();
      this.schedulePing();
    });
  }

  private send(frame: AgentFrame): void {
    this.socket?.send(JSON.stringify(frame));
  }

  private closed(code: number, reason: string): void {
    const { clock, observer } = this.options;
    if (this.authenticated) {
      this.lostAt = clock.now();
      observer.disconnected(this, code, reason);
    } else if (!this.stopped) {
      observer.notWelcomed(this, code, reason);
    }
    this.socket = null;
    this.authenticated = false;
    this.inFlight = null;
    this.clearTimers();
    if (this.stopped) return;
    if (code === CLOSE_CODES.revoked) {
      this.stopped = true;
      this.fault(`revoked: ${reason}`);
      return;
    }
    const delay = Math.min(RECONNECT_MAX_MS, RECONNECT_BASE_MS * 2 ** this.failures) * (1 + 0.5 * this.random.next());
    this.failures += 1;
    this.setTimer('reconnect', delay, () => this.open());
  }

  private fault(description: string): void {
    this.options.observer.fault(this, description);
  }

  private setTimer(name: Timer, milliseconds: number, call: () => void): void {
    this.cancelTimer(name);
    this.timers.set(name, this.options.clock.after(milliseconds, call));
  }

  private cancelTimer(name: Timer): void {
    this.timers.get(name)?.();
    this.timers.delete(name);
  }

  private clearTimers(): void {
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
  }
}
