import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Inject, Injectable, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { AGENT_SOCKET_PATH, CLOSE_CODES, type DesiredDocument, type FleetEvent, type Heartbeat, type MachineFacts, MAX_FRAME_BYTES } from '@provefleet/fleet-protocol';
import type { WebSocket } from 'ws';
import { CLOCK, type Clock } from '../config/clock.js';
import { LOGGER, type Logger } from '../config/logger.js';
import { FleetChanges } from '../live/fleet-changes.js';
import { type KnownMachine, MachinesRepository } from '../machines/machines.repository.js';
import { closeAll } from '../sockets/closing.js';
import { SocketServer } from '../sockets/socket-server.js';
import { TelemetryService } from '../telemetry/telemetry.service.js';
import { AgentConnection, type AgentPort } from './agent.connection.js';
import { heartbeatIntervalMs, offlineAfterMs } from './heartbeat-interval.js';

/** Sockets that have not said who they are: about what is looked up in the time an agent waits. Further ones are sent away, to come back spread out. */
const MAX_UNAUTHENTICATED = 200;
/** Sockets on their way out that did not get in; beyond that a request is not even made a socket. */
const MAX_REFUSED = 2_000;
const SWEEP_MS = 5_000;
const DRAIN_MS = 5_000;
/** Machines heard of within this time are expected back. */
const EXPECTED_WITHIN_MS = 3_600_000;
const COUNT_EVERY_MS = 60_000;
/** An agent is told another interval when its own is off by more than this, either way. */
const OFF_PACE = 1.5;
/** Each told agent beats at once, so they are not told all at once. */
const MAX_PACED_PER_SWEEP = 500;

/** The agents' side: every connected agent, and what is to be told to it. */
@Injectable()
export class AgentGateway implements AgentPort, OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly connections = new Set<AgentConnection>();
  private readonly byMachine = new Map<string, AgentConnection>();
  private refused = 0;
  private sweeper: NodeJS.Timeout | undefined;
  private counter: NodeJS.Timeout | undefined;
  /** Size of the fleet by the database: after a restart the first to come back must not beat as if they were alone. */
  private expectedFleet = 0;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly machines: MachinesRepository,
    private readonly telemetry: TelemetryService,
    private readonly changes: FleetChanges,
    private readonly sockets: SocketServer,
  ) {}

  onModuleInit(): void {
    this.sockets.register({
      path: AGENT_SOCKET_PATH,
      maxFrameBytes: MAX_FRAME_BYTES,
      admit: async () => (this.refused >= MAX_REFUSED ? 503 : true),
      open: (socket) => {
        if (this.connections.size - this.byMachine.size >= MAX_UNAUTHENTICATED) this.refuse(socket);
        else this.connections.add(new AgentConnection(socket, this, this.clock, this.logger));
      },
    });
    this.changes.desired.on(({ machineId, revision, document }) => this.byMachine.get(machineId)?.sendDesired(revision, document));
    this.changes.revoked.on((machineId) => this.byMachine.get(machineId)?.close(CLOSE_CODES.revoked, 'this machine was revoked; join again'));
    // The welcome of the next connection says that it is approved.
    this.changes.approved.on((machineId) => this.byMachine.get(machineId)?.close(CLOSE_CODES.goingAway, 'approved; connect again'));
    this.sweeper = setInterval(() => {
      this.cutSilent();
      this.keepPace();
    }, SWEEP_MS);
    this.counter = setInterval(() => void this.countFleet(), COUNT_EVERY_MS);
  }

  /** Before the first agent comes. */
  async onApplicationBootstrap(): Promise<void> {
    await this.countFleet();
  }

  findMachine(machineId: string): Promise<KnownMachine | null> {
    return this.machines.findKnown(machineId);
  }

  async saveFacts(machineId: string, facts: MachineFacts): Promise<{ revision: number; document: DesiredDocument } | null> {
    const saved = await this.machines.saveFacts(machineId, facts);
    if (saved?.isChanged) this.changes.machines.emit([machineId]);
    return saved;
  }

  ingest(machineId: string, events: readonly FleetEvent[]): Promise<number> {
    return this.telemetry.ingest(machineId, events);
  }

  heartbeat(machineId: string, heartbeat: Heartbeat, receivedAt: number, offlineAt: number): Promise<void> {
    return this.telemetry.heartbeat(machineId, heartbeat, receivedAt, offlineAt);
  }

  authenticated(machine: KnownMachine, connection: AgentConnection): number {
    this.byMachine.get(machine.id)?.close(CLOSE_CODES.replaced, 'a newer connection of this machine took over');
    this.byMachine.set(machine.id, connection);
    this.logger.info({ machineId: machine.id, machine: machine.name }, 'an agent connected');
    return this.intervalMs(Math.random());
  }

  closed(connection: AgentConnection): void {
    this.connections.delete(connection);
    const { machineId } = connection;
    if (machineId !== undefined && this.byMachine.get(machineId) === connection) this.byMachine.delete(machineId);
  }

  private intervalMs(random: number): number {
    return heartbeatIntervalMs(Math.max(this.byMachine.size, this.expectedFleet), random);
  }

  private refuse(socket: WebSocket): void {
    this.refused += 1;
    socket.once('close', () => (this.refused -= 1));
    socket.close(CLOSE_CODES.goingAway, 'many machines connect at once; come back after a moment');
  }

  /** Stores what has arrived and acknowledges it, then sends every agent away to come back to the next control plane. */
  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.sweeper);
    clearInterval(this.counter);
    this.sockets.stopAccepting();
    for (const { socket } of this.connections) socket.pause();
    await Promise.race([this.telemetry.drained(), sleep(DRAIN_MS)]);
    const reason = 'the control plane goes down; come back after a moment';
    const sockets = [...this.connections].map(({ socket }) => socket);
    for (const connection of this.connections) {
      connection.close(CLOSE_CODES.goingAway, reason); // what else arrives is not taken, so not acknowledged, and comes again
      connection.socket.resume();
    }
    await closeAll(sockets, CLOSE_CODES.goingAway, reason);
  }

  private async countFleet(): Promise<void> {
    try {
      this.expectedFleet = await this.machines.countHeardSince(new Date(this.clock() - EXPECTED_WITHIN_MS));
    } catch (error) {
      this.logger.debug({ reason: error instanceof Error ? error.message : String(error) }, 'could not count the fleet; the last count stands');
    }
  }

  /** The fleet grew or shrank since some agents were told how often to beat. */
  private keepPace(): void {
    const due = this.intervalMs(0.5);
    let paced = 0;
    for (const connection of this.byMachine.values()) {
      const current = connection.heartbeatIntervalMs;
      if (Math.max(due / current, current / due) <= OFF_PACE) continue;
      connection.pace(this.intervalMs(Math.random()));
      if (++paced >= MAX_PACED_PER_SWEEP) return;
    }
  }

  /** Cuts connections whose other end is gone without a close: no heartbeat came for longer than any healthy agent takes. */
  private cutSilent(): void {
    const now = this.clock();
    for (const connection of this.connections) {
      const { heartbeatIntervalMs: interval, heardAt, socket } = connection;
      if (interval > 0 && !socket.isPaused && now - heardAt > 2 * offlineAfterMs(interval)) socket.terminate();
    }
  }
}
