import type { Heartbeat } from '@provefleet/fleet-protocol';
import type { MachineTelemetry, OrchestratorClient } from '@provefleet/orchestrator-client';
import { CircuitBreaker, RecentSet, RequestBudget, type TimingProfile } from '@provefleet/scheduling';
import { Notice, pause, type AgentClock } from '../clock.js';
import { messageOf } from '../errors.js';
import type { KeyPair } from '../identity/keys.js';
import type { Logger } from '../logging.js';
import type { Outbox, Recovered } from '../outbox/outbox.js';
import type { Job } from '../workers/job.js';
import type { Situation } from '../status/state.js';
import { Counters } from './counters.js';
import { Fetcher } from './fetcher.js';
import { ProverNode } from './node.js';
import { Proving } from './proving.js';
import { Settlement } from './settlement.js';
import { Submitter } from './submitter.js';

export interface PipelineOptions {
  readonly profile: TimingProfile;
  readonly nodes: readonly { readonly id: string; readonly weight: number }[];
  readonly loadKey: (nodeId: string) => Promise<KeyPair>;
  readonly accountRequestsPerMinute?: number;
  readonly client: Pick<OrchestratorClient, 'getProofTask' | 'getAssignedTasks' | 'submitProof'>;
  readonly outbox: Outbox;
  readonly recovered: Recovered;
  readonly pool: { dispatch(job: Job, signal?: AbortSignal): Promise<void> };
  readonly telemetry: () => Promise<MachineTelemetry>;
  readonly jobTimeoutMs: number;
  readonly clock: AgentClock;
  readonly logger: Logger;
  /** Whether the machine may take tasks at all, apart from what the pipeline itself knows. */
  readonly mayFetch: () => boolean;
  readonly mayProve: () => boolean;
}

/** After a fault of our own in a loop: time before it runs again. */
const LOOP_RESTART_MS = 5000;
const DRAIN_POLL_MS = 20;

/** From task to accepted proof, for all nodes of the machine. */
export class Pipeline {
  readonly counters = new Counters();
  /** Woken whenever something changed that a loop may wait for. */
  readonly changed = new Notice();
  private readonly settlement: Settlement;
  private readonly proving: Proving;
  private readonly fetching = new AbortController();
  private readonly provingStop = new AbortController();
  private readonly submitting = new AbortController();
  private readonly hardStop = new AbortController();
  private loops: Promise<void>[] = [];

  private constructor(
    private readonly options: PipelineOptions,
    /** Those that fetch come first; the rest only hand in what they left behind. */
    private readonly nodes: readonly ProverNode[],
    private readonly assigned: number,
    private readonly circuit: CircuitBreaker,
  ) {
    const { outbox, profile, clock, logger, recovered } = options;
    const completed = new RecentSet(profile.queues.completedTasks);
    for (const key of recovered.settled) completed.add(key);
    this.settlement = new Settlement(outbox, completed, this.counters, clock, (record, ending) => {
      const { outcome, reason, code } = ending;
      logger[outcome === 'accepted' ? 'info' : 'warn']({ nodeId: record.nodeId, taskId: record.taskId, program: record.program, outcome, code, reason }, `task ${outcome}`);
    });
    this.proving = new Proving({
      nodes,
      pool: options.pool,
      outbox,
      settlement: this.settlement,
      clock,
      jobTimeoutMs: options.jobTimeoutMs,
      lifetimeMs: profile.submit.lifetimeMs,
      mayProve: () => this.mayProve(),
      changed: this.changed,
      onFailure: (error) => logger.error({ error: messageOf(error) }, 'a finished proof could not be kept; its task is proved again after a restart'),
    });
  }

  static async create(options: PipelineOptions): Promise<Pipeline> {
    const { profile, clock, recovered } = options;
    const circuit = new CircuitBreaker(profile.circuit, clock);
    const limit = options.accountRequestsPerMinute;
    const budget = limit === undefined ? undefined : new RequestBudget({ minIntervalMs: 0, maxPerWindow: limit }, clock);
    const assigned = options.nodes.map(({ id, weight }) => ({ id, weight }));
    const known = new Set(assigned.map(({ id }) => id));
    const leftBehind = new Set([...recovered.tasks, ...recovered.proofs.map(({ record }) => record)].map(({ nodeId }) => nodeId).filter((id) => !known.has(id)));
    const all = [...assigned, ...[...leftBehind].map((id) => ({ id, weight: 1 }))];
    const nodes = await Promise.all(all.map(async ({ id, weight }) => new ProverNode(id, weight, await options.loadKey(id), profile, clock, circuit, budget)));
    const pipeline = new Pipeline(options, nodes, assigned.length, circuit);
    pipeline.takeUp(recovered);
    return pipeline;
  }

  /** Fetched tasks that wait to be begun. */
  get queuedTasks(): number {
    return this.nodes.reduce((sum, node) => sum + node.tasks.length, 0);
  }

  /** Finished proofs that wait for the network's word. */
  get queuedResults(): number {
    return this.nodes.reduce((sum, node) => sum + node.results.length, 0);
  }

  get openTasks(): number {
    return this.settlement.openTasks;
  }

  start(): void {
    const { options } = this;
    const { client, profile, outbox, clock, logger } = options;
    const shared = { client, profile, outbox, clock, logger, settlement: this.settlement, changed: this.changed };
    const fetchers = this.nodes.slice(0, this.assigned).map((node) => new Fetcher(node, { ...shared, counters: this.counters, mayFetch: () => this.mayFetch() }));
    const submitters = this.nodes.map((node) => new Submitter(node, { ...shared, circuit: this.circuit, telemetry: options.telemetry }));
    this.loops = [
      ...fetchers.map((fetcher) => this.keepRunning('fetcher', this.fetching.signal, (signal) => fetcher.run(signal))),
      this.keepRunning('proving', this.provingStop.signal, (signal) => this.proving.run(signal)),
      ...submitters.map((submitter) => this.keepRunning('submitter', this.submitting.signal, (signal) => submitter.run(signal, this.hardStop.signal))),
    ];
  }

  /** No more fetches, and no more tasks begun. */
  stopTaking(): void {
    this.fetching.abort();
    this.provingStop.abort();
  }

  /** Waits until what was proved is on disk and, as far as the network takes it now, handed in; then ends all loops. */
  async finish(withinMs: number): Promise<void> {
    const { clock } = this.options;
    const deadline = clock.now() + withinMs;
    const canHandIn = () => this.nodes.some((node) => node.results.some((submission) => submission.notBefore <= clock.now()));
    while ((this.proving.finishing > 0 || canHandIn()) && clock.now() < deadline) await pause(clock, DRAIN_POLL_MS);
    this.submitting.abort();
    if (clock.now() >= deadline) this.hardStop.abort();
    this.changed.notify();
    const waiting = new AbortController();
    await Promise.race([Promise.all(this.loops), pause(clock, Math.max(1000, deadline - clock.now()), waiting.signal)]);
    waiting.abort();
    this.hardStop.abort();
  }

  /** The nodes as the control plane is told of them. */
  nodeStatuses(): Heartbeat['nodes'] {
    const { clock } = this.options;
    return this.nodes.slice(0, this.assigned).map((node) => {
      const at = this.wallTime(node.pacer.nextAt());
      const throttled = node.pacer.hold() === 'server';
      return { nodeId: node.id, signingKey: node.key.publicKeyHex, nextFetchAt: this.mayFetch() ? at : null, throttledUntil: throttled && at !== null && at > clock.wallNow() ? at : null };
    });
  }

  situation(): Situation['nodes'] {
    return this.nodes.slice(0, this.assigned).map((node) => ({ id: node.id, hold: node.pacer.hold(), nextFetchAt: this.wallTime(node.pacer.nextAt()), lastFetch: node.lastFetch }));
  }

  private mayFetch(): boolean {
    return this.options.mayFetch() && this.hasRoomForResults() && this.options.outbox.problem === null;
  }

  private mayProve(): boolean {
    return this.options.mayProve() && this.hasRoomForResults() && this.options.outbox.problem === null;
  }

  /** Proofs the network does not take must not pile up without end. */
  private hasRoomForResults(): boolean {
    return this.queuedResults < this.options.profile.queues.results;
  }

  private wallTime(monotonic: number): number | null {
    const { clock } = this.options;
    return Number.isFinite(monotonic) ? Math.max(0, Math.round(clock.wallNow() + monotonic - clock.now())) : null;
  }

  private takeUp({ tasks, proofs }: Recovered): void {
    for (const { record, sent } of proofs) {
      this.settlement.begin(record.nodeId, record.taskId);
      this.nodeOf(record.nodeId).results.push({ record, attempts: 0, uncertain: sent, notBefore: 0, busy: false });
    }
    for (const record of tasks) {
      this.settlement.begin(record.nodeId, record.taskId);
      this.nodeOf(record.nodeId).tasks.push(record);
    }
  }

  private nodeOf(nodeId: string): ProverNode {
    const node = this.nodes.find(({ id }) => id === nodeId);
    if (!node) throw new Error(`no node ${nodeId}`);
    return node;
  }

  /** Runs a loop until its signal; a fault of our own in it is logged and does not end it. */
  private async keepRunning(name: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      try {
        await run(signal);
      } catch (error) {
        this.options.logger.error({ loop: name, error: error instanceof Error ? error.stack : String(error) }, `the ${name} failed and is started again`);
        await pause(this.options.clock, LOOP_RESTART_MS, signal);
      }
    }
  }
}
