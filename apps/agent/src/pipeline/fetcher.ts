import { OrchestratorError, type AssignedTasks, type OrchestratorClient, type Task } from '@provefleet/orchestrator-client';
import type { TimingProfile } from '@provefleet/scheduling';
import { pause, type AgentClock, type Notice } from '../clock.js';
import { line } from '../errors.js';
import type { Logger } from '../logging.js';
import type { Outbox } from '../outbox/outbox.js';
import type { TaskRecord } from '../outbox/task-record.js';
import type { Counters } from './counters.js';
import type { ProverNode } from './node.js';
import type { Settlement } from './settlement.js';

export interface FetcherDependencies {
  readonly client: Pick<OrchestratorClient, 'getProofTask' | 'getAssignedTasks'>;
  readonly profile: TimingProfile;
  readonly outbox: Pick<Outbox, 'addTask'> & { readonly events: Pick<Outbox['events'], 'append'> };
  readonly settlement: Settlement;
  readonly counters: Counters;
  readonly clock: AgentClock;
  readonly logger: Logger;
  /** Whether the machine as a whole may take more tasks. */
  readonly mayFetch: () => boolean;
  readonly changed: Notice;
}

/** Longest sleep, so that a pause or a change of pace is noticed in time. */
const LONGEST_SLEEP_MS = 1000;
/** At most this often, however fast a round's requests follow each other. */
const ASSIGNED_EVERY_MS = 30_000;
const MAX_TASK_ID = 128;

/** Keeps one node's task queue filled: asks when it runs low, at the pace the profile and the server allow. */
export class Fetcher {
  private askedForAssigned = -Infinity;
  /** The server has said once what it holds for this node. */
  private knowsAssigned = false;

  constructor(private readonly node: ProverNode, private readonly deps: FetcherDependencies) {}

  /** Runs until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, changed } = this.deps;
    while (!signal.aborted) {
      if (!this.wantsTask()) {
        await changed.next(signal);
        continue;
      }
      if (!this.node.pacer.tryAcquire()) {
        const wait = this.node.pacer.nextAt() - clock.now();
        await pause(clock, Math.min(LONGEST_SLEEP_MS, Math.max(1, wait)), signal);
        continue;
      }
      await this.fetchOnce(signal);
      changed.notify();
    }
  }

  private wantsTask(): boolean {
    const { profile, mayFetch } = this.deps;
    return this.node.tasks.length < Math.min(profile.fetch.queueBelow, profile.queues.tasks) && mayFetch();
  }

  private async fetchOnce(signal: AbortSignal): Promise<void> {
    const { node } = this;
    const { client } = this.deps;
    try {
      if (this.isTimeForAssigned() && (await this.fetchAssigned(signal))) {
        node.lastFetch = { kind: 'task' };
        node.pacer.gotTask();
        return;
      }
      const requested = node.ladder.requested;
      const task = await client.getProofTask({ nodeId: node.id, publicKey: node.key.publicKey, maxDifficulty: requested }, signal);
      node.ladder.granted(task.difficulty, requested);
      await this.accept(task, signal);
    } catch (error) {
      if (!(error instanceof OrchestratorError)) throw error;
      this.failed(error);
    }
  }

  private isTimeForAssigned(): boolean {
    const { profile, clock } = this.deps;
    switch (profile.fetch.assignedFirst) {
      case 'never':
        return false;
      case 'at-start':
        return !this.knowsAssigned;
      case 'always':
        return clock.now() - this.askedForAssigned >= ASSIGNED_EVERY_MS;
    }
  }

  /** Takes up what the server has assigned already. False when there is nothing new, or the server knows no such call. */
  private async fetchAssigned(signal: AbortSignal): Promise<boolean> {
    this.askedForAssigned = this.deps.clock.now();
    const { tasks, refused } = await this.assigned(signal);
    this.knowsAssigned = true;
    for (const error of refused) this.deps.logger.warn({ nodeId: this.node.id, code: error.code, taskId: error.taskId }, error.message);
    let taken = false;
    for (const task of tasks) taken = (await this.take(task, signal)) || taken;
    return taken;
  }

  private async assigned(signal: AbortSignal): Promise<Pick<AssignedTasks, 'tasks' | 'refused'>> {
    try {
      return await this.deps.client.getAssignedTasks(this.node.id, signal);
    } catch (error) {
      if (error instanceof OrchestratorError && (error.status === 404 || error.status === 405)) return { tasks: [], refused: [] };
      throw error;
    }
  }

  private async accept(task: Task, signal: AbortSignal): Promise<void> {
    if (await this.take(task, signal)) {
      this.node.lastFetch = { kind: 'task' };
      this.node.pacer.gotTask();
      return;
    }
    // A task we have already is no reason to ask again at once.
    this.node.lastFetch = { kind: 'no-task' };
    this.node.pacer.noTask();
  }

  /** Writes the task down and queues it. False when there is nothing new to do. */
  private async take(task: Task, signal: AbortSignal): Promise<boolean> {
    const { settlement, outbox, counters, clock, logger } = this.deps;
    const nodeId = this.node.id;
    if (line(task.taskId, MAX_TASK_ID) !== task.taskId) {
      logger.error({ nodeId, code: 'MalformedTask' }, `a task id of ${task.taskId.length} characters, or with control characters, was passed over`);
      return false;
    }
    if (!settlement.begin(nodeId, task.taskId)) {
      logger.debug({ nodeId, taskId: task.taskId }, 'task is known already');
      return false;
    }
    const record: TaskRecord = {
      nodeId,
      taskId: task.taskId,
      program: task.programId,
      inputs: task.inputs,
      taskType: task.taskType,
      difficulty: task.difficulty,
      createdAt: task.createdAt?.getTime() ?? null,
      fetchedAt: clock.wallNow(),
    };
    try {
      await outbox.addTask(record, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      settlement.abandon(nodeId, task.taskId);
      return false;
    }
    counters.fetched++;
    outbox.events.append({
      kind: 'task-fetched',
      level: task.difficultyKnown ? 'info' : 'warning',
      nodeId,
      taskId: task.taskId,
      program: line(task.programId, 80),
      taskType: task.taskType,
      difficulty: task.difficultyKnown ? task.difficulty : `${task.difficulty} (unknown ${task.rawDifficulty})`,
      inputs: task.inputs.length,
    });
    this.node.tasks.push(record);
    return true;
  }

  private failed(error: OrchestratorError): void {
    const { node } = this;
    const { logger, clock, outbox } = this.deps;
    if (error.code === 'Aborted') {
      node.pacer.cancelled();
      return;
    }
    if (error.code === 'MissingTask' || error.status === 404) {
      node.lastFetch = { kind: 'no-task' };
      node.pacer.noTask();
      return;
    }
    const wasThrottled = node.pacer.hold() === 'server';
    node.fetchFailed(error);
    logger.warn({ nodeId: node.id, code: error.code, status: error.status, taskId: error.taskId }, `fetch failed: ${error.message}`);
    if (error.status === 429 && !wasThrottled) {
      const until = Math.round(clock.wallNow() + Math.max(0, node.pacer.nextAt() - clock.now()));
      outbox.events.append({ kind: 'throttled', level: 'warning', nodeId: node.id, until, reason: line(error.message, 300) });
    }
  }
}
