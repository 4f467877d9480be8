import { desiredDocumentSchema, revisionSchema, type DesiredDocument, type ObservedConfiguration } from '@provefleet/fleet-protocol';
import { z } from 'zod';
import { line } from '../errors.js';
import type { EventDraft } from '../outbox/event-log.js';
import { readIfThere, writeAtomic, type FileSystem } from '../state/files.js';

const storedSchema = z.object({
  revision: revisionSchema,
  document: desiredDocumentSchema,
  /** False while an operator has yet to approve the machine. */
  approved: z.boolean(),
});
export type StoredDesired = z.infer<typeof storedSchema>;

export interface MachineLimits {
  readonly cores: number;
  readonly memoryBytes: number;
  readonly maxWorkers?: number;
}

/** Memory one worker needs at the least, to hold the backend and a small proof. */
const WORKER_BYTES = 192 * 2 ** 20;
/** Memory a worker should have when nobody says how many there should be: a proof of a million steps fits. */
const COMFORTABLE_WORKER_BYTES = 2 * 2 ** 30;
const DEFAULT_MOST_WORKERS = 8;
const MOST_PER_CORE = 4;

/** Workers of a machine that is to decide itself: one a core as far as memory goes, 1 to 8. */
export function automaticWorkers({ cores, memoryBytes, maxWorkers }: MachineLimits): number {
  const fitting = Math.min(cores, Math.floor(memoryBytes / COMFORTABLE_WORKER_BYTES), maxWorkers ?? DEFAULT_MOST_WORKERS);
  return Math.max(1, Math.min(DEFAULT_MOST_WORKERS, fitting));
}

/** Why a machine cannot do what a document asks, with the field; null when it can. */
export function refuseDesired(document: DesiredDocument, limits: MachineLimits): { readonly field: string; readonly reason: string } | null {
  const { workers } = document;
  if (workers === 'auto') return null;
  const byRule = limits.maxWorkers ?? Math.max(DEFAULT_MOST_WORKERS, MOST_PER_CORE * limits.cores);
  if (workers > byRule) {
    const rule = limits.maxWorkers === undefined ? `with ${limits.cores} cores this machine takes at most ${byRule}` : `maxWorkers of this machine is ${byRule}`;
    return { field: 'workers', reason: `${workers} workers are asked for; ${rule}` };
  }
  const byMemory = Math.floor(limits.memoryBytes / WORKER_BYTES);
  if (workers > byMemory) return { field: 'workers', reason: `${workers} workers are asked for; the memory of ${Math.round(limits.memoryBytes / 2 ** 20)} MiB is enough for ${byMemory}` };
  return null;
}

export interface DesiredOptions {
  readonly fs: FileSystem;
  readonly path: string;
  readonly limits: MachineLimits;
  readonly event: (draft: Extract<EventDraft, { kind: 'configuration' }>) => void;
  /** Makes the machine as the document says. */
  readonly apply: (document: DesiredDocument, workers: number) => void;
  /** Number of workers that run now. */
  readonly runningWorkers: () => number;
}

/** What the machine is asked to be and what it is: applies whole revisions or keeps the old one and says why. */
export class DesiredState {
  private rejected: ObservedConfiguration['rejected'] = null;
  private turn: Promise<void> = Promise.resolve();

  private constructor(private readonly options: DesiredOptions, private stored: StoredDesired) {}

  /** Starts from the last known revision, so that the machine works without a control plane. */
  static async load(options: DesiredOptions): Promise<DesiredState> {
    return new DesiredState(options, await readDesired(options.fs, options.path));
  }

  get document(): DesiredDocument {
    return this.stored.document;
  }

  get revision(): number {
    return this.stored.revision;
  }

  get approved(): boolean {
    return this.stored.approved;
  }

  observed(): ObservedConfiguration {
    return { revision: this.revision, document: this.document, workers: this.options.runningWorkers(), rejected: this.rejected };
  }

  /** Makes the machine as the stored document says. */
  applyStored(): void {
    this.options.apply(this.document, this.workersFor(this.document));
  }

  /** Applies a revision, or rejects it whole. The last one to come wins, in the order they come. */
  take(revision: number, document: DesiredDocument): Promise<void> {
    return this.inTurn(async () => {
      if (revision === this.revision) {
        this.rejected = null;
        return;
      }
      const refusal = refuseDesired(document, this.options.limits);
      if (refusal) {
        const isNew = this.rejected?.revision !== revision;
        this.rejected = { revision, field: line(refusal.field, 80), reason: line(refusal.reason, 300) };
        if (isNew) this.options.event({ kind: 'configuration', level: 'warning', revision, result: 'rejected', field: this.rejected.field, reason: this.rejected.reason });
        return;
      }
      this.rejected = null;
      this.stored = { ...this.stored, revision, document };
      this.applyStored();
      this.options.event({ kind: 'configuration', level: 'info', revision, result: 'applied', field: '', reason: '' });
      await this.store();
    });
  }

  setApproved(approved: boolean): Promise<void> {
    return this.inTurn(async () => {
      if (approved === this.stored.approved) return;
      this.stored = { ...this.stored, approved };
      await this.store();
    });
  }

  private workersFor(document: DesiredDocument): number {
    return document.workers === 'auto' ? automaticWorkers(this.options.limits) : document.workers;
  }

  /** After it is in force: an operator's pause must not wait for room on a full disk. */
  private async store(): Promise<void> {
    await writeDesired(this.options.fs, this.options.path, this.stored);
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }
}

export async function writeDesired(fs: FileSystem, path: string, stored: StoredDesired): Promise<void> {
  await writeAtomic(fs, path, `${JSON.stringify(stored)}\n`);
}

/** The stored revision; that of a machine nobody has asked anything of when there is none or it cannot be read. */
async function readDesired(fs: FileSystem, path: string): Promise<StoredDesired> {
  const initial: StoredDesired = { revision: 0, document: { workers: 'auto', paused: false, pauseNote: '' }, approved: true };
  const content = await readIfThere(fs, path);
  if (content === null) return initial;
  try {
    const parsed = storedSchema.safeParse(JSON.parse(content.toString()));
    return parsed.success ? parsed.data : initial;
  } catch (error) {
    if (error instanceof SyntaxError) return initial;
    throw error;
  }
}
