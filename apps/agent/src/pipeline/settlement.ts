import type { TaskOutcome } from '@provefleet/fleet-protocol';
import type { RecentSet } from '@provefleet/scheduling';
import type { AgentClock } from '../clock.js';
import { line } from '../errors.js';
import type { Outbox } from '../outbox/outbox.js';
import { taskKey, type ProofRecord, type TaskRecord } from '../outbox/task-record.js';
import type { Counters } from './counters.js';
import { describeInputs } from './describe-input.js';

export interface Ending {
  readonly outcome: TaskOutcome;
  readonly reason: string;
  /** Code of a prover error, or HTTP status of the last answer. */
  readonly code: string;
  readonly submitAttempts: number;
  readonly workerId: number | null;
}

/** The one place where a task ends: on the record first, then out of the journal, then counted. */
export class Settlement {
  /** Keys of tasks in hand: fetched and not ended. */
  private readonly open = new Set<string>();

  constructor(
    private readonly outbox: Pick<Outbox, 'settle'>,
    private readonly completed: RecentSet,
    private readonly counters: Counters,
    private readonly clock: AgentClock,
    private readonly log: (record: TaskRecord, ending: Ending) => void,
  ) {}

  get openTasks(): number {
    return this.open.size;
  }

  /** Marks a task as in hand. False when it is already, or was ended a while ago. */
  begin(nodeId: string, taskId: string): boolean {
    const key = taskKey(nodeId, taskId);
    if (this.open.has(key) || this.completed.has(key)) return false;
    this.open.add(key);
    return true;
  }

  /** Takes a mark back: the task never came into hand. */
  abandon(nodeId: string, taskId: string): void {
    this.open.delete(taskKey(nodeId, taskId));
  }

  async end(record: TaskRecord | ProofRecord, ending: Ending): Promise<void> {
    const proved = 'proofs' in record ? record : null;
    const key = taskKey(record.nodeId, record.taskId);
    await this.outbox.settle({
      kind: 'task-settled',
      level: ending.outcome === 'accepted' ? 'info' : ending.outcome === 'expired' ? 'warning' : 'error',
      nodeId: record.nodeId,
      taskId: record.taskId,
      program: line(record.program, 80),
      taskType: record.taskType,
      difficulty: line(record.difficulty, 24),
      input: line(describeInputs(record.program, record.inputs), 200),
      outcome: ending.outcome,
      reason: line(ending.reason, 500),
      code: line(ending.code, 40),
      workerId: ending.workerId ?? proved?.workerId ?? null,
      provingMs: proved ? proved.provingMs : null,
      stages: proved ? proved.stages.slice(0, 16).map(({ stage, milliseconds }) => ({ stage: line(stage, 24), milliseconds })) : [],
      proofBytes: proved ? proved.proofs.reduce((sum, proof) => sum + proof.length, 0) : 0,
      submitAttempts: ending.submitAttempts,
      fetchedAt: Math.max(0, Math.round(record.fetchedAt)),
      settledAt: Math.max(0, Math.round(this.clock.wallNow())),
    });
    this.completed.add(key);
    this.open.delete(key);
    this.counters[ending.outcome]++;
    this.log(record, ending);
  }
}
