import { join } from 'node:path';
import { messageOf } from '../errors.js';
import { DirectorySync, ensureDirectory, FILE_MODE, readIfThere, removeIfThere, syncDirectory, TEMPORARY_SUFFIX, writeAtomic, writeAtomicLazily } from '../state/files.js';
import type { StatePaths } from '../state/paths.js';
import { EventLog, type EventDraft, type EventLogOptions } from './event-log.js';
import { decodeProof, decodeTask, encodeProof, encodeTask, taskKey, type ProofRecord, type TaskRecord } from './task-record.js';

export type SettledDraft = Extract<EventDraft, { kind: 'task-settled' }>;

export interface OutboxOptions extends Omit<EventLogOptions, 'directory' | 'beforeRemove'> {
  readonly paths: StatePaths;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** What a stop left unfinished. */
export interface Recovered {
  /** Proved and not known to have come to an end; `sent` when a submit had begun, so the network may already have it. */
  readonly proofs: readonly { readonly record: ProofRecord; readonly sent: boolean }[];
  /** Fetched and not proved. */
  readonly tasks: readonly TaskRecord[];
  /** Keys of tasks that ended, as far as the event log still tells. */
  readonly settled: ReadonlySet<string>;
  /** Files that cannot be read, moved to `damaged/`. */
  readonly damaged: readonly string[];
}

const RETRY_MS = 1000;

/**
 * What must not be lost, on disk: tasks from the moment they are fetched, proofs from the moment they are made, events
 * until the control plane has them.
 *
 * A task leaves the disk in one order only: its end is written to the event log, then its files go. So whatever a stop
 * leaves behind, a task whose end is in the log is finished, and any other is taken up again.
 */
export class Outbox {
  private writeFailure: string | null = null;
  private readonly held = new Set<string>();

  private readonly proofNames: DirectorySync;

  private constructor(private readonly options: OutboxOptions, readonly events: EventLog) {
    this.proofNames = new DirectorySync(options.fs, options.paths.proofs);
  }

  static async open(options: OutboxOptions): Promise<{ outbox: Outbox; recovered: Recovered }> {
    const settled = new Set<string>();
    const { fs, paths } = options;
    const beforeRemove = async () => {
      await syncDirectory(fs, paths.tasks);
      await syncDirectory(fs, paths.proofs);
    };
    const events = await EventLog.open({ ...options, directory: paths.events, beforeRemove }, (event) => {
      if (event.kind === 'task-settled') settled.add(taskKey(event.nodeId, event.taskId));
    });
    const outbox = new Outbox(options, events);
    return { outbox, recovered: await outbox.recover(settled) };
  }

  /** Why nothing can be written at present, such as a full disk; null when all is well. */
  get problem(): string | null {
    return this.writeFailure ?? this.events.problem;
  }

  /** Finished proofs that the network has not yet accepted or finally refused. */
  get proofs(): number {
    return this.held.size;
  }

  /** Writes a fetched task down. Waits as long as the disk takes nothing; rejects only when `signal` is aborted. */
  async addTask(record: TaskRecord, signal?: AbortSignal): Promise<void> {
    const path = this.taskPath(taskKey(record.nodeId, record.taskId));
    // A task is not worth a wait for the device: the orchestrator knows it too, and hands it out again.
    await this.persist(() => writeAtomicLazily(this.options.fs, path, encodeTask(record)), signal);
  }

  /** Writes a finished proof down, as {@link addTask}. After that, and only after that, it may be submitted. */
  async addProof(record: ProofRecord, signal?: AbortSignal): Promise<void> {
    const key = taskKey(record.nodeId, record.taskId);
    await this.persist(() => writeAtomic(this.options.fs, this.proofPath(key), encodeProof(record), () => this.proofNames.sync()), signal);
    this.held.add(key);
    await removeIfThere(this.options.fs, this.taskPath(key));
  }

  /**
   * Notes that a submit begins: from now on a refusal as "already submitted" may mean that it got through. Does not
   * wait for a full disk: submitting is what makes room.
   */
  async markSent(record: TaskRecord): Promise<void> {
    const path = this.sentPath(taskKey(record.nodeId, record.taskId));
    try {
      await (await this.options.fs.open(path, 'a', FILE_MODE)).close();
    } catch (error) {
      this.options.onProblem?.(`cannot note the submit of task ${record.taskId}: ${messageOf(error)}`);
    }
  }

  /** Ends a task: writes its end to the event log, then removes its files. */
  async settle(draft: SettledDraft): Promise<void> {
    const key = taskKey(draft.nodeId, draft.taskId);
    const { sequence, durable } = this.events.append(draft);
    const unpin = this.events.pin(sequence);
    await durable;
    const { fs } = this.options;
    await removeIfThere(fs, this.taskPath(key));
    await removeIfThere(fs, this.sentPath(key));
    await removeIfThere(fs, this.proofPath(key));
    this.held.delete(key);
    unpin();
  }

  /** Makes everything durable that is on its way to the disk. */
  async flush(): Promise<void> {
    await this.events.flush();
    await syncDirectory(this.options.fs, this.options.paths.tasks);
    await syncDirectory(this.options.fs, this.options.paths.proofs);
  }

  private async persist(write: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      try {
        await write();
        this.writeFailure = null;
        return;
      } catch (error) {
        this.reportFailure(error);
      }
      await this.options.sleep(RETRY_MS);
    }
  }

  private reportFailure(error: unknown): void {
    const message = `cannot write to the state directory: ${messageOf(error)}`;
    if (this.writeFailure === null) this.options.onProblem?.(message);
    this.writeFailure = message;
  }

  private async recover(settled: ReadonlySet<string>): Promise<Recovered> {
    const damaged: string[] = [];
    const proofNames = await this.namesIn(this.options.paths.proofs);
    const sent = new Set(proofNames.filter((name) => name.endsWith('.sent')).map((name) => name.slice(0, -5)));
    const proofs: { record: ProofRecord; sent: boolean }[] = [];
    const proved = new Set<string>();
    for (const key of keysOf(proofNames, '.proof')) {
      if (settled.has(key)) continue;
      const record = await this.read(this.proofPath(key), decodeProof, damaged);
      if (record === null) continue;
      proofs.push({ record, sent: sent.has(key) });
      proved.add(key);
      this.held.add(key);
    }
    const tasks: TaskRecord[] = [];
    const taskNames = await this.namesIn(this.options.paths.tasks);
    for (const key of keysOf(taskNames, '.task')) {
      if (settled.has(key) || proved.has(key)) {
        await removeIfThere(this.options.fs, this.taskPath(key));
        continue;
      }
      const record = await this.read(this.taskPath(key), decodeTask, damaged);
      if (record !== null) tasks.push(record);
    }
    for (const key of settled) {
      await removeIfThere(this.options.fs, this.sentPath(key));
      await removeIfThere(this.options.fs, this.proofPath(key));
    }
    const oldestFirst = (a: TaskRecord, b: TaskRecord) => a.fetchedAt - b.fetchedAt;
    return { proofs: proofs.sort((a, b) => oldestFirst(a.record, b.record)), tasks: tasks.sort(oldestFirst), settled, damaged };
  }

  private async namesIn(directory: string): Promise<string[]> {
    const names = await this.options.fs.readdir(directory);
    const left = names.filter((name) => name.endsWith(TEMPORARY_SUFFIX));
    for (const name of left) await removeIfThere(this.options.fs, join(directory, name));
    return names.filter((name) => !name.endsWith(TEMPORARY_SUFFIX));
  }

  private async read<T>(path: string, decode: (content: Buffer) => T | null, damaged: string[]): Promise<T | null> {
    const content = await readIfThere(this.options.fs, path);
    const record = content === null ? null : decode(content);
    if (record !== null || content === null) return record;
    // Kept for a look at it, out of the way of the next start.
    await ensureDirectory(this.options.fs, this.options.paths.damaged);
    const name = path.slice(path.lastIndexOf('/') + 1);
    await this.options.fs.rename(path, join(this.options.paths.damaged, name));
    damaged.push(name);
    return null;
  }

  private taskPath(key: string): string {
    return join(this.options.paths.tasks, `${key}.task`);
  }

  private proofPath(key: string): string {
    return join(this.options.paths.proofs, `${key}.proof`);
  }

  private sentPath(key: string): string {
    return join(this.options.paths.proofs, `${key}.sent`);
  }
}

function keysOf(names: readonly string[], suffix: string): string[] {
  return names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length));
}
