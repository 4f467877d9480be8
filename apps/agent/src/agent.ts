import { join } from 'node:path';
import type { AgentState, DesiredDocument, Heartbeat } from '@provefleet/fleet-protocol';
import { CountryLookup, OrchestratorClient, type MachineTelemetry } from '@provefleet/orchestrator-client';
import { pause, type AgentClock } from './clock.js';
import { DesiredState } from './configuration/desired.js';
import { orchestratorOf, profileOf, type LocalConfiguration } from './configuration/local.js';
import { line, messageOf } from './errors.js';
import { loadIdentity, loadNodeKey, type MachineIdentity } from './identity/keys.js';
import { Link, type Socket } from './link/link.js';
import { agentSocketUrl } from './link/socket.js';
import type { Logger } from './logging.js';
import type { EventDraft } from './outbox/event-log.js';
import { Outbox } from './outbox/outbox.js';
import { Pipeline } from './pipeline/pipeline.js';
import type { FileSystem } from './state/files.js';
import type { StatePaths } from './state/paths.js';
import { coreCount, LoadMeter, machineFacts, memoryFreeBytes, memoryTotalBytes } from './status/machine.js';
import { writeReport, type StatusReport } from './status/report.js';
import { StatusServer } from './status/server.js';
import { stateOf, type ShownState } from './status/state.js';
import { VersionWatch } from './status/version-watch.js';
import { AGENT_VERSION } from './version.js';
import { WorkerPool } from './workers/pool.js';
import { kernelMemoryKills, type SpawnWorker } from './workers/spawn.js';

export interface AgentOptions {
  readonly fs: FileSystem;
  readonly clock: AgentClock;
  readonly paths: StatePaths;
  readonly configuration: LocalConfiguration;
  readonly logger: Logger;
  readonly spawn: SpawnWorker;
  readonly connect: (url: URL) => Socket;
}

/** How often the state is looked at, and waiting loops look again at what has no event of its own. */
const TICK_MS = 500;
const REPORT_EVERY_TICKS = 10;
/** The machine's facts go out once a connection, so it is worth waiting a moment for what the prover is. */
const PROVER_WAIT_MS = 5000;
/** Share of the machine's memory that proofs may take when nothing is configured. */
const SHARE_FOR_PROOFS = 0.8;
const SUBMIT_AT_END_MS = 5000;
const GOODBYE_MS = 2000;

/** The process on a prover machine: everything wired together, its start and its end. */
export class Agent {
  private readonly startedAt: number;
  private readonly load = { link: new LoadMeter(), report: new LoadMeter() };
  private readonly ending = new AbortController();
  private shown: ShownState = { state: 'idle', reason: 'starting' };
  private shownSince: number;
  private draining = false;
  private acceptedBefore = 0;
  private ticks = 0;
  private server: StatusServer | null = null;
  private cancelTick: () => void = () => undefined;
  private versions: VersionWatch | null = null;
  private lastLoad: Heartbeat['gauges'] | null = null;
  // Set by `start`, in this order.
  private outbox!: Outbox;
  private desired!: DesiredState;
  private pool!: WorkerPool;
  private pipeline!: Pipeline;
  private link!: Link;

  private constructor(private readonly options: AgentOptions, private readonly identity: MachineIdentity, private readonly client: OrchestratorClient) {
    this.startedAt = options.clock.wallNow();
    this.shownSince = this.startedAt;
  }

  /**
   * Starts an agent; the caller holds the lock on the state directory.
   * @throws AgentError for what an operator must put right first.
   */
  static async start(options: AgentOptions): Promise<Agent> {
    const { configuration } = options;
    const identity = await loadIdentity(options.fs, options.paths.keys);
    const client = new OrchestratorClient({
      url: orchestratorOf(configuration),
      allowInsecureHttp: configuration.allowInsecure,
      ...(configuration.userAgent === undefined ? {} : { userAgent: configuration.userAgent }),
      ...(configuration.buildTimestamp === undefined ? {} : { buildTimestamp: configuration.buildTimestamp }),
    });
    const agent = new Agent(options, identity, client);
    await agent.begin();
    return agent;
  }

  get state(): AgentState {
    return this.shown.state;
  }

  get statusUrl(): string | null {
    return this.server?.url ?? null;
  }

  /**
   * Stops in good order: no new task, running proofs finished within the configured time, proofs handed in as far as
   * the network takes them now, everything flushed. What is left undone is in the journal for the next start.
   */
  async drain(cause: string): Promise<void> {
    const { configuration, logger } = this.options;
    this.draining = true;
    this.event({ kind: 'agent', level: 'info', change: 'draining', reason: line(cause, 300) });
    this.look();
    logger.info({ running: this.pool.proving, queued: this.pipeline.queuedTasks }, `draining: ${cause}`);
    this.pipeline.stopTaking();
    const inTime = await this.pool.stop(configuration.drainDeadlineMs);
    if (!inTime) logger.warn('the drain deadline passed; unfinished tasks stay in the journal and are proved after the next start');
    await this.pipeline.finish(SUBMIT_AT_END_MS);
    this.event({ kind: 'agent', level: 'info', change: 'stopped', reason: line(cause, 300) });
    await this.flush();
    await this.link.stop(GOODBYE_MS);
    this.ending.abort();
    this.cancelTick();
    this.load.link.stop();
    this.load.report.stop();
    await this.server?.stop();
    await this.writeReport();
    this.client.close();
    logger.info({ left: this.pipeline.openTasks }, 'stopped');
  }

  private async begin(): Promise<void> {
    const { fs, clock, paths, configuration, logger } = this.options;
    const profile = profileOf(configuration);
    const { outbox, recovered } = await Outbox.open({
      fs,
      paths,
      now: () => clock.wallNow(),
      later: (milliseconds, run) => void clock.setTimer(milliseconds, run),
      sleep: (milliseconds) => pause(clock, milliseconds),
      keepSettled: profile.queues.completedTasks,
      onProblem: (message) => logger.error(message),
    });
    this.outbox = outbox;
    for (const name of recovered.damaged) logger.error({ file: name }, 'a record in the state directory is damaged and was put aside');
    if (recovered.proofs.length + recovered.tasks.length > 0) {
      logger.info({ proofs: recovered.proofs.length, tasks: recovered.tasks.length }, 'taking up what the last run left');
    }
    this.pool = new WorkerPool({
      clock,
      spawn: this.options.spawn,
      backend: configuration.backend,
      memoryBudgetBytes: configuration.memoryBudgetBytes ?? null,
      kernelMemoryKills,
      memory: { totalBytes: configuration.memoryLimitBytes ?? Math.floor(memoryTotalBytes() * SHARE_FOR_PROOFS), freeBytes: memoryFreeBytes },
      cores: coreCount(),
      perWorker: profile.queues.perWorker,
      event: (draft) => {
        logger[draft.level === 'error' ? 'error' : 'info']({ worker: draft.workerId, cause: draft.cause || undefined }, `worker ${draft.change}`);
        this.event(draft);
      },
      changed: () => this.pipeline?.changed.notify(),
    });
    this.desired = await DesiredState.load({
      fs,
      path: paths.desired,
      limits: { cores: coreCount(), memoryBytes: memoryTotalBytes(), ...(configuration.maxWorkers === undefined ? {} : { maxWorkers: configuration.maxWorkers }) },
      event: (draft) => this.event(draft),
      apply: (document, workers) => this.apply(document, workers),
      runningWorkers: () => this.pool.size,
    });
    const country = new CountryLookup({ mode: configuration.country });
    this.pipeline = await Pipeline.create({
      profile,
      nodes: configuration.nodes,
      loadKey: (nodeId) => loadNodeKey(fs, paths.keys, nodeId),
      ...(configuration.accountRequestsPerMinute === undefined ? {} : { accountRequestsPerMinute: configuration.accountRequestsPerMinute }),
      client: this.client,
      outbox,
      recovered,
      pool: this.pool,
      telemetry: () => this.telemetry(country),
      jobTimeoutMs: configuration.jobTimeoutMs,
      clock,
      logger,
      mayFetch: () => this.mayWork() && this.pool.size > 0 && this.pool.failure === null && (this.versions?.blocked ?? null) === null,
      mayProve: () => this.mayWork(),
    });
    this.link = this.createLink();
    this.load.link.start();
    this.load.report.start();
    if (configuration.statusPort !== null) this.server = await StatusServer.start(configuration.statusPort, () => this.report(), logger);
    this.event({ kind: 'agent', level: 'info', change: 'started', reason: `version ${AGENT_VERSION}` });
    this.desired.applyStored();
    this.pipeline.start();
    this.tick();
    this.watchVersions(country);
    void this.startLink();
  }

  private watchVersions(country: CountryLookup): void {
    const { configuration, clock, logger } = this.options;
    if (configuration.versionPolicyUrl === undefined) return;
    this.versions = new VersionWatch({
      url: configuration.versionPolicyUrl,
      // A client that introduces itself as another is judged as that one.
      version: /\/v?(\d+\.\d+\.\d+)/.exec(configuration.userAgent ?? '')?.[1] ?? AGENT_VERSION,
      country: () => country.get(),
      clock,
      logger,
      changed: () => this.look(),
      allowInsecure: configuration.allowInsecure,
    });
    void this.versions.run(this.ending.signal);
  }

  private createLink(): Link {
    const { configuration, clock, logger } = this.options;
    return new Link({
      url: agentSocketUrl(configuration.controlPlaneUrl, configuration.allowInsecure),
      machineId: configuration.machineId,
      key: this.identity.machine,
      connect: this.options.connect,
      clock,
      logger,
      facts: () => machineFacts(configuration.backend, this.pool.capabilities),
      observedRevision: () => this.desired.revision,
      heartbeat: () => this.heartbeat(this.load.link),
      events: this.outbox.events,
      applyDesired: (revision, document) => this.desired.take(revision, document),
      setApproved: (approved) => {
        this.desired.setApproved(approved).catch((error: unknown) => logger.error(`cannot keep the approval: ${messageOf(error)}`));
        this.pipeline.changed.notify();
      },
      onChange: () => this.pipeline.changed.notify(),
    });
  }

  private async startLink(): Promise<void> {
    const { clock } = this.options;
    const deadline = clock.now() + PROVER_WAIT_MS;
    while (this.pool.capabilities === null && this.pool.failure === null && this.pool.size > 0 && clock.now() < deadline && !this.ending.signal.aborted) {
      await pause(clock, 20, this.ending.signal);
    }
    if (!this.draining) this.link.start();
  }

  private apply(document: DesiredDocument, workers: number): void {
    this.pool.hold(document.paused);
    this.pool.resize(workers);
    this.pipeline.changed.notify();
    this.look();
  }

  private mayWork(): boolean {
    return !this.draining && !this.desired.document.paused && this.desired.approved;
  }

  private async telemetry(country: CountryLookup): Promise<MachineTelemetry> {
    return { memoryUsedBytes: this.lastLoad?.memoryUsedBytes ?? 0, memoryCapacityBytes: memoryTotalBytes(), country: await country.get() };
  }

  private event(draft: EventDraft): void {
    this.outbox.events.append(draft);
  }

  private tick(): void {
    this.look();
    this.pool.hold(this.desired.document.paused || this.outbox.problem !== null || this.draining);
    this.pipeline.changed.notify();
    if (this.ticks++ % REPORT_EVERY_TICKS === 0) void this.writeReport();
    this.cancelTick = this.options.clock.setTimer(TICK_MS, () => this.tick());
  }

  /** Works the state out anew and tells when it changed. */
  private look(): void {
    if (!this.pipeline) return;
    const { accepted } = this.pipeline.counters;
    const proving = this.pool.proving > 0 || accepted > this.acceptedBefore;
    this.acceptedBefore = accepted;
    const { document, approved } = this.desired;
    const next = stateOf({
      draining: this.draining,
      paused: document.paused,
      pauseNote: document.pauseNote,
      approved,
      blocked: this.versions?.blocked ?? null,
      diskProblem: this.outbox.problem,
      workerProblem: this.pool.failure,
      memoryProblem: this.pool.memoryProblem,
      workersWanted: this.pool.size,
      proving,
      nodes: this.pipeline.situation(),
    });
    const reason = line(next.reason, 300);
    const previous = this.shown;
    this.shown = { state: next.state, reason };
    if (next.state === previous.state) return;
    this.shownSince = this.options.clock.wallNow();
    const level = next.state === 'failing' ? 'error' : ['low-memory', 'blocked', 'throttled'].includes(next.state) ? 'warning' : 'info';
    this.event({ kind: 'state', level, from: previous.state, to: next.state, reason });
    this.options.logger[level === 'info' ? 'info' : 'warn']({ from: previous.state, reason }, `state: ${next.state}`);
    this.link.heartbeatNow();
  }

  private heartbeat(load: LoadMeter): Heartbeat {
    const { clock } = this.options;
    const { counters } = this.pipeline;
    this.lastLoad = {
      ...load.read(),
      taskQueue: this.pipeline.queuedTasks,
      resultQueue: this.pipeline.queuedResults,
      outboxProofs: this.outbox.proofs,
      outboxEvents: this.outbox.events.unacknowledged,
    };
    return {
      at: Math.max(0, Math.round(clock.wallNow())),
      state: this.shown.state,
      reason: this.shown.reason,
      since: Math.round(this.shownSince),
      startedAt: Math.round(this.startedAt),
      gauges: this.lastLoad,
      counters: { ...counters, workerRestarts: this.pool.restarts, droppedEvents: this.outbox.events.dropped },
      workers: this.pool.statuses(),
      nodes: this.pipeline.nodeStatuses(),
      observed: this.desired.observed(),
    };
  }

  private report(): StatusReport {
    const { configuration } = this.options;
    const link = this.link.state;
    return {
      machineId: configuration.machineId,
      machineName: configuration.machineName,
      agentVersion: AGENT_VERSION,
      environment: configuration.environment,
      orchestrator: this.client.url.origin,
      profile: configuration.profile,
      backend: configuration.backend,
      pid: process.pid,
      statusUrl: this.statusUrl,
      controlPlane: { url: configuration.controlPlaneUrl, connection: link.kind, cause: 'cause' in link ? link.cause : '' },
      heartbeat: this.heartbeat(this.load.report),
    };
  }

  private async writeReport(): Promise<void> {
    try {
      await writeReport(this.options.fs, this.options.paths.status, this.report());
    } catch (error) {
      this.options.logger.warn(`cannot write ${join(this.options.paths.root, 'status.json')}: ${messageOf(error)}`);
    }
  }

  private async flush(): Promise<void> {
    try {
      await this.outbox.flush();
    } catch (error) {
      this.options.logger.error(`cannot flush the state directory: ${messageOf(error)}`);
    }
  }
}
