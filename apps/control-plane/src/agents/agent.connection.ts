import { randomBytes } from 'node:crypto';
import {
  type AgentFrame, authMessage, CLOSE_CODES, type DesiredDocument, type FleetEvent, type Heartbeat, type MachineFacts, parseAgentFrame, PROTOCOL_VERSION, type ServerFrame,
} from '@provefleet/fleet-protocol';
import type { RawData, WebSocket } from 'ws';
import { TokenBucket } from '../api/token-bucket.js';
import type { Clock } from '../config/clock.js';
import type { Logger } from '../config/logger.js';
import { verifyMachineSignature } from '../enrolment/machine-keys.js';
import { isDatabaseUnavailable, isPoolExhausted } from '../database/database-errors.js';
import type { KnownMachine } from '../machines/machines.repository.js';
import { offlineAfterMs } from './heartbeat-interval.js';

export const AUTH_TIMEOUT_MS = 5_000;
/** Frames of one socket: 200 at once, 100 a second in the long run. Full event frames at that rate are 20,000 events/s. */
const FRAMES_AT_ONCE = 200;
const FRAMES_PER_SECOND = 100;
/** Event frames of one socket that wait for the database; beyond that the socket is not read. */
const MAX_WAITING_FRAMES = 8;
/** A frame's longest error text, by the protocol. */
const MAX_MESSAGE = 300;
/** Longest reason a close frame can hold, in bytes. */
const MAX_CLOSE_REASON = 120;

/** What a connection asks of the rest of the control plane. */
export interface AgentPort {
  findMachine(machineId: string): Promise<KnownMachine | null>;
  /** Gives what the machine should do; null when it is not in the fleet any more. */
  saveFacts(machineId: string, facts: MachineFacts): Promise<{ revision: number; document: DesiredDocument } | null>;
  ingest(machineId: string, events: readonly FleetEvent[]): Promise<number>;
  heartbeat(machineId: string, heartbeat: Heartbeat, receivedAt: number, offlineAt: number): Promise<void>;
  /** Called once authenticated; gives the interval of heartbeats. */
  authenticated(machine: KnownMachine, connection: AgentConnection): number;
  closed(connection: AgentConnection): void;
}

/** One agent's socket, from the challenge to the close. Nothing an agent sends can harm more than its own connection. */
export class AgentConnection {
  private readonly nonce = randomBytes(32).toString('hex');
  private readonly frames: TokenBucket;
  private readonly authTimer: NodeJS.Timeout;
  private phase: 'challenged' | 'authenticating' | 'open' | 'closing' = 'challenged';
  private machine: KnownMachine | undefined;
  private intervalMs = 0;
  private sentRevision = -1;
  /** Every event up to here is committed, as far as this connection was told. */
  private lastSequence = 0;
  private waitingFrames = 0;
  private isHeartbeatWaiting = false;
  /** When anything last arrived. */
  heardAt: number;

  constructor(
    readonly socket: WebSocket,
    private readonly port: AgentPort,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    this.frames = new TokenBucket(FRAMES_AT_ONCE, FRAMES_PER_SECOND, clock);
    this.heardAt = clock();
    this.authTimer = setTimeout(() => this.close(CLOSE_CODES.authTimeout, `no auth within ${AUTH_TIMEOUT_MS} ms`), AUTH_TIMEOUT_MS);
    socket.on('message', (data: RawData, isBinary: boolean) => this.receive(data, isBinary));
    socket.on('close', () => this.onClose());
    this.send({ type: 'challenge', protocol: PROTOCOL_VERSION, nonce: this.nonce, serverTime: clock() });
  }

  get machineId(): string | undefined {
    return this.machine?.id;
  }

  /** Heartbeats are due in this interval, in milliseconds; 0 before authentication. */
  get heartbeatIntervalMs(): number {
    return this.intervalMs;
  }

  /** Sends a desired document unless a newer one was sent already. */
  sendDesired(revision: number, document: DesiredDocument): void {
    if (revision <= this.sentRevision) return;
    this.sentRevision = revision;
    this.send({ type: 'desired', revision, document });
  }

  /** Has the agent beat in another interval from now on: a second welcome is taken like the first, without a second hello. */
  pace(intervalMs: number): void {
    if (this.phase !== 'open' || !this.machine) return;
    this.intervalMs = intervalMs;
    this.welcome(this.machine);
  }

  close(code: number, reason: string): void {
    if (this.phase === 'closing') return;
    this.phase = 'closing';
    clearTimeout(this.authTimer);
    this.logger.info({ machineId: this.machine?.id, code, reason }, 'closing an agent’s connection');
    this.socket.close(code, reason.slice(0, MAX_CLOSE_REASON));
  }

  private onClose(): void {
    this.phase = 'closing';
    clearTimeout(this.authTimer);
    this.port.closed(this);
  }

  private receive(data: RawData, isBinary: boolean): void {
    if (this.phase === 'closing') return;
    this.heardAt = this.clock();
    if (!this.frames.take()) return this.close(CLOSE_CODES.tooFast, `more than ${FRAMES_PER_SECOND} frames a second`);
    if (isBinary) return this.close(CLOSE_CODES.malformed, 'frame is binary, not text');
    const result = parseAgentFrame(data.toString());
    if (result.ok) return this.handle(result.frame);
    switch (result.problem) {
      case 'unknown-type':
        if (this.phase !== 'open') return this.close(CLOSE_CODES.unauthenticated, 'the first frame must be auth');
        return this.send({ type: 'error', code: 'unknown-type', message: result.message.slice(0, MAX_MESSAGE) });
      case 'wrong-version':
        return this.close(CLOSE_CODES.wrongVersion, result.message);
      case 'too-large':
        return this.close(CLOSE_CODES.tooLarge, result.message);
      case 'not-json':
      case 'invalid':
        return this.close(CLOSE_CODES.malformed, result.message);
    }
  }

  private handle(frame: AgentFrame): void {
    if (frame.type === 'auth') {
      if (this.phase !== 'challenged') return this.close(CLOSE_CODES.unauthenticated, 'auth was sent twice');
      this.phase = 'authenticating';
      clearTimeout(this.authTimer); // the agent answered in time; how long we take to look it up is not its fault
      return this.orGoAway(this.authenticate(frame));
    }
    const { machine } = this;
    if (this.phase !== 'open' || !machine) return this.close(CLOSE_CODES.unauthenticated, `${frame.type} came before welcome`);
    switch (frame.type) {
      case 'hello':
        return this.orGoAway(this.hello(machine, frame.facts));
      case 'heartbeat':
        return this.heartbeat(machine, frame.heartbeat);
      case 'events':
        return this.events(machine, frame.events);
      case 'error':
        this.logger.warn({ machineId: machine.id, code: frame.code, reason: frame.message }, 'an agent did not understand us');
        return;
    }
  }

  private async authenticate({ machineId, signature }: Extract<AgentFrame, { type: 'auth' }>): Promise<void> {
    const machine = await this.port.findMachine(machineId);
    if (this.phase !== 'authenticating') return; // closed meanwhile
    if (!machine) return this.close(CLOSE_CODES.revoked, 'this machine is not known here; join again');
    if (!verifyMachineSignature(machine.publicKey, authMessage(this.nonce, machineId), signature)) return this.close(CLOSE_CODES.unauthenticated, 'the signature does not answer this challenge');
    if (machine.isRevoked) return this.close(CLOSE_CODES.revoked, 'this machine was revoked; join again');
    this.machine = machine;
    this.phase = 'open';
    this.lastSequence = machine.lastSequence;
    this.intervalMs = this.port.authenticated(machine, this);
    this.welcome(machine);
  }

  private welcome({ name, isApproved }: KnownMachine): void {
    this.send({ type: 'welcome', protocol: PROTOCOL_VERSION, machineName: name, approved: isApproved, heartbeatIntervalMs: this.intervalMs, lastSequence: this.lastSequence, serverTime: this.clock() });
  }

  private async hello(machine: KnownMachine, facts: MachineFacts): Promise<void> {
    const desired = await this.port.saveFacts(machine.id, facts);
    if (this.phase !== 'open') return;
    // It may have been revoked between authentication and now.
    if (!desired) return this.close(CLOSE_CODES.revoked, 'this machine was revoked; join again');
    this.sendDesired(desired.revision, desired.document);
  }

  private heartbeat({ id }: KnownMachine, heartbeat: Heartbeat): void {
    // The one before still waits for the database: the next to come will tell the same and more.
    if (this.isHeartbeatWaiting) return;
    this.isHeartbeatWaiting = true;
    const receivedAt = this.clock();
    this.port
      .heartbeat(id, heartbeat, receivedAt, receivedAt + offlineAfterMs(this.intervalMs))
      .catch((error: unknown) => this.refuse('heartbeat', error))
      .finally(() => (this.isHeartbeatWaiting = false));
  }

  private events({ id }: KnownMachine, events: readonly FleetEvent[]): void {
    this.waitingFrames += 1;
    if (this.waitingFrames >= MAX_WAITING_FRAMES) this.socket.pause();
    this.port
      .ingest(id, events)
      .then((sequence) => {
        this.lastSequence = Math.max(this.lastSequence, sequence);
        this.send({ type: 'ack', sequence });
      })
      .catch((error: unknown) => this.refuse('events', error))
      .finally(() => {
        this.waitingFrames -= 1;
        if (this.socket.isPaused && this.waitingFrames < MAX_WAITING_FRAMES) this.socket.resume();
      });
  }

  /** What was sent can never be stored. It is not acknowledged, and the agent learns of it. */
  private refuse(type: string, error: unknown): void {
    this.logger.error({ machineId: this.machine?.id, frame: type, error }, 'could not store what an agent sent');
    this.send({ type: 'error', code: 'not-stored', message: `${type} could not be stored` });
  }

  /** A failure of ours (the database is away or has too much to do) is no fault of the agent: it comes back after a moment. */
  private orGoAway(work: Promise<void>): void {
    work.catch((error: unknown) => {
      const cause = causeOf(error);
      this.logger.warn({ machineId: this.machine?.id, reason: error instanceof Error ? error.message : String(error) }, `could not serve an agent: ${cause}`);
      this.close(CLOSE_CODES.goingAway, cause);
    });
  }

  private send(frame: ServerFrame): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(JSON.stringify(frame));
  }
}

function causeOf(error: unknown): string {
  if (isPoolExhausted(error)) return 'the control plane is busy; come back after a moment';
  if (isDatabaseUnavailable(error)) return 'the control plane cannot reach its database';
  return 'the control plane failed; come back after a moment';
}
