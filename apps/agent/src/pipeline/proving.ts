import { ProverError } from '@provefleet/prover';
import type { AgentClock, Notice } from '../clock.js';
import type { Outbox } from '../outbox/outbox.js';
import type { ProofRecord, TaskRecord } from '../outbox/task-record.js';
import type { Job, JobOutcome } from '../workers/job.js';
import type { Proved } from '../workers/protocol.js';
import { takeFairly, type ProverNode } from './node.js';
import type { Settlement } from './settlement.js';

export interface ProvingDependencies {
  readonly nodes: readonly ProverNode[];
  readonly pool: { dispatch(job: Job, signal?: AbortSignal): Promise<void> };
  readonly outbox: Pick<Outbox, 'addProof'>;
  readonly settlement: Settlement;
  readonly clock: AgentClock;
  /** How long a worker may take over one input, milliseconds. */
  readonly jobTimeoutMs: number;
  /** How long a task is worth proving after it was fetched, milliseconds. */
  readonly lifetimeMs: number;
  /** Whether another proof may be begun. */
  readonly mayProve: () => boolean;
  readonly changed: Notice;
  readonly onFailure: (error: unknown) => void;
}

/** Takes tasks from the nodes' queues in fair turn, has every input proved, and hands the proofs on when they are on disk. */
export class Proving {
  private beingKept = 0;

  constructor(private readonly deps: ProvingDependencies) {}

  /** Tasks whose proofs are made and on their way to the disk. */
  get finishing(): number {
    return this.beingKept;
  }

  /** Runs until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { nodes, mayProve, changed } = this.deps;
    while (!signal.aborted) {
      const next = mayProve() ? takeFairly(nodes) : null;
      if (next === null) {
        await changed.next(signal);
        continue;
      }
      changed.notify();
      try {
        await this.begin(next.node, next.record, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    }
  }

  private async begin(node: ProverNode, record: TaskRecord, signal: AbortSignal): Promise<void> {
    const { clock, lifetimeMs, settlement } = this.deps;
    const ended = { submitAttempts: 0, workerId: null };
    if (clock.wallNow() - record.fetchedAt > lifetimeMs) {
      await settlement.end(record, { ...ended, outcome: 'expired', code: 'DeadlineExceeded', reason: 'its time was over before it could be proved' });
      return;
    }
    if (record.inputs.length === 0) {
      await settlement.end(record, { ...ended, outcome: 'failed', code: 'MalformedTask', reason: 'the task holds no input' });
      return;
    }
    const outcomes: Promise<JobOutcome>[] = [];
    const bad = { seen: false };
    const started = clock.now();
    for (const input of record.inputs) {
      // One bad input fails the task: the rest need not be begun.
      if (bad.seen) break;
      outcomes.push((await this.dispatch(record, input, signal, bad)).outcome);
    }
    // Not waited for: the next task is begun meanwhile. Stays open for ever when the agent stops before the proofs are made.
    void Promise.all(outcomes).then((all) => this.keep(node, record, all, clock.now() - started));
  }

  private async keep(node: ProverNode, record: TaskRecord, outcomes: readonly JobOutcome[], milliseconds: number): Promise<void> {
    this.beingKept++;
    try {
      await this.finish(node, record, outcomes, milliseconds);
    } catch (error) {
      this.deps.onFailure(error);
    } finally {
      this.beingKept--;
      this.deps.changed.notify();
    }
  }

  /** Waits until a worker has room for the job; its outcome comes later. */
  private async dispatch(record: TaskRecord, input: Uint8Array, signal: AbortSignal, bad: { seen: boolean }): Promise<{ outcome: Promise<JobOutcome> }> {
    let settle: (outcome: JobOutcome) => void = () => undefined;
    const outcome = new Promise<JobOutcome>((resolve) => (settle = resolve));
    const job: Job = {
      taskId: record.taskId,
      program: record.program,
      input,
      timeoutMs: this.deps.jobTimeoutMs,
      estimatedBytes: null,
      settle(result) {
        bad.seen ||= !result.ok;
        settle(result);
      },
    };
    await this.deps.pool.dispatch(job, signal);
    return { outcome };
  }

  private async finish(node: ProverNode, record: TaskRecord, outcomes: readonly JobOutcome[], milliseconds: number): Promise<void> {
    const { outbox, settlement } = this.deps;
    const failed = outcomes.findIndex((outcome) => !outcome.ok);
    const failure = outcomes[failed];
    if (failure && !failure.ok) {
      await this.fail(node, record, failed, failure.error, failure.workerId, settlement);
      return;
    }
    const proved = outcomes.flatMap((outcome) => (outcome.ok ? [outcome] : []));
    const proof: ProofRecord = {
      ...record,
      proofs: proved.map((each) => each.proved.proof),
      provingMs: proved.length === 1 ? (proved[0]?.proved.milliseconds ?? milliseconds) : milliseconds,
      stages: sumStages(proved.map((each) => each.proved)),
      workerId: proved[0]?.workerId ?? 1,
    };
    node.ladder.succeeded(record.difficulty, proof.provingMs);
    await outbox.addProof(proof);
    node.results.push({ record: proof, attempts: 0, uncertain: false, notBefore: 0, busy: false });
  }

  private async fail(node: ProverNode, record: TaskRecord, index: number, error: ProverError, workerId: number | null, settlement: Settlement): Promise<void> {
    if (error.code === 'OutOfMemory') node.ladder.setBack(record.difficulty, 'out-of-memory');
    if (error.code === 'DeadlineExceeded') node.ladder.setBack(record.difficulty, 'deadline');
    const which = record.inputs.length > 1 ? `input ${index + 1} of ${record.inputs.length}: ` : '';
    await settlement.end(record, { outcome: 'failed', code: error.code, reason: which + error.message, submitAttempts: 0, workerId });
  }
}

/** Stage times of a task: the sum over its inputs. */
function sumStages(proved: readonly Proved[]): ProofRecord['stages'] {
  const sums = new Map<string, number>();
  for (const { stages } of proved) {
    for (const { stage, milliseconds } of stages) sums.set(stage, (sums.get(stage) ?? 0) + milliseconds);
  }
  return [...sums].map(([stage, milliseconds]) => ({ stage, milliseconds }));
}
