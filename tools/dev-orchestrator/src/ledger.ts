import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import type { TaskDifficulty, TaskType } from '@provefleet/orchestrator-client';
import { describeInput } from '@provefleet/prover';
import type { GeneratedTask } from './generator.js';

export type TaskState = 'issued' | 'accepted' | 'refused' | 'expired';

/** One task's story, as far as the orchestrator knows it. */
export interface TaskRecord {
  readonly taskId: string;
  readonly nodeId: string;
  readonly program: string;
  readonly taskType: TaskType;
  readonly difficulty: TaskDifficulty;
  /** Hex. */
  readonly inputs: readonly string[];
  /** Hex of the node's public key when it asked for the task. */
  readonly publicKey: string;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** A refused task can still be accepted, an expired or accepted one stays as it is. */
  state: TaskState;
  /** Every proof was verified; null: none could be (hashes only, or another client's format). */
  verified: boolean | null;
  reason: string | null;
  decidedAt: number | null;
}

export interface Stats {
  readonly tasks: number;
  readonly issued: number;
  readonly accepted: number;
  readonly refused: number;
  readonly expired: number;
  /** Accepted tasks all of whose proofs were verified. */
  readonly verified: number;
  /** Submits of tasks that had been accepted before. */
  readonly duplicates: number;
  /** Submits that were refused, whatever became of their tasks. */
  readonly refusals: number;
}

/** Every task ever handed out, in memory, and in a file of one JSON line a change when one is given. */
export class Ledger {
  private readonly records = new Map<string, TaskRecord>();
  private duplicates = 0;
  private refusals = 0;

  /** @throws Error naming the file and line that cannot be read. */
  constructor(
    private readonly wallNow: () => number,
    private readonly file?: string,
  ) {
    if (file !== undefined && existsSync(file)) this.load(file);
  }

  get size(): number {
    return this.records.size;
  }

  get(taskId: string): TaskRecord | undefined {
    const record = this.records.get(taskId);
    if (record) this.expireIfDue(record);
    return record;
  }

  issue(task: GeneratedTask, nodeId: string, publicKey: Uint8Array, deadlineMs: number): TaskRecord {
    const now = this.wallNow();
    const record: TaskRecord = {
      taskId: task.taskId,
      nodeId,
      program: task.program,
      taskType: task.taskType,
      difficulty: task.difficulty,
      inputs: task.inputs.map((input) => Buffer.from(input).toString('hex')),
      publicKey: Buffer.from(publicKey).toString('hex'),
      issuedAt: now,
      expiresAt: now + deadlineMs,
      state: 'issued',
      verified: null,
      reason: null,
      decidedAt: null,
    };
    this.records.set(record.taskId, record);
    this.write(record);
    return record;
  }

  accept(record: TaskRecord, verified: boolean | null): void {
    this.decide(record, 'accepted', verified, null);
  }

  /** Records a refused submit. An accepted or expired task stays what it is. */
  refuse(record: TaskRecord, reason: string, verified: boolean | null = null): void {
    this.refusals++;
    if (record.state === 'issued' || record.state === 'refused') this.decide(record, 'refused', verified, reason);
  }

  /** Records a submit of a task that was accepted before. */
  duplicate(): void {
    this.duplicates++;
    this.refusals++;
  }

  /** Tasks of a node that are neither decided nor expired, oldest first. */
  openTasks(nodeId: string): TaskRecord[] {
    return this.all().filter((record) => record.nodeId === nodeId && record.state === 'issued');
  }

  all(): TaskRecord[] {
    const records = [...this.records.values()];
    for (const record of records) this.expireIfDue(record);
    return records;
  }

  /** The ledger as `GET /dev/ledger` shows it. */
  view(): { tasks: unknown[] } {
    const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
    return {
      tasks: this.all().map(({ taskId, nodeId, program, taskType, state, verified, reason, difficulty, inputs, issuedAt, decidedAt }) => ({
        taskId,
        nodeId,
        program,
        taskType,
        state,
        verified,
        reason,
        difficulty,
        inputs: inputs.map((hex) => describeInput(program, Buffer.from(hex, 'hex'))),
        issuedAt: time(issuedAt),
        decidedAt: time(decidedAt),
      })),
    };
  }

  stats(): Stats {
    const count = { issued: 0, accepted: 0, refused: 0, expired: 0 };
    let verified = 0;
    for (const record of this.all()) {
      count[record.state]++;
      if (record.state === 'accepted' && record.verified) verified++;
    }
    return { tasks: this.records.size, ...count, verified, duplicates: this.duplicates, refusals: this.refusals };
  }

  private expireIfDue(record: TaskRecord): void {
    if (record.state !== 'issued' || this.wallNow() < record.expiresAt) return;
    this.decide(record, 'expired', null, 'not handed in by its deadline');
  }

  private decide(record: TaskRecord, state: TaskState, verified: boolean | null, reason: string | null): void {
    Object.assign(record, { state, verified, reason, decidedAt: this.wallNow() });
    this.write(record);
  }

  private write(record: TaskRecord): void {
    if (this.file !== undefined) appendFileSync(this.file, `${JSON.stringify(record)}\n`);
  }

  private load(file: string): void {
    const text = readFileSync(file, 'utf8');
    // A kill may have torn the last line; its change is lost, as if the kill had come a moment earlier.
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length < text.length) truncateSync(file, Buffer.byteLength(whole));
    for (const [index, line] of whole.split('\n').slice(0, -1).entries()) {
      try {
        const record = JSON.parse(line) as TaskRecord;
        this.records.set(record.taskId, record);
      } catch (cause) {
        throw new Error(`${file}, line ${index + 1}: not a ledger entry`, { cause });
      }
    }
  }
}
