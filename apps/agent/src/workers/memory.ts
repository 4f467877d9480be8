import type { Job } from './job.js';

export interface MemoryLimits {
  /** Most memory all proofs together may take, bytes. */
  readonly totalBytes: number;
  /** Memory of the machine that is free now, bytes. */
  readonly freeBytes: () => number;
}

/** Left to everything else on the machine, bytes. */
const RESERVE_BYTES = 256 * 2 ** 20;
/** After a death for lack of memory the next of that size is expected to take so much more. */
const AFTER_OUT_OF_MEMORY = 1.5;
const MIB = 2 ** 20;

/**
 * Admission by memory: a proof is begun only when what it is expected to take fits beside those under way. The
 * expectation is the backend's own estimate, raised by what proofs of that program and size were measured to take.
 */
export class MemoryBudget {
  /** By worker. A worker proves one job at a time, so that the largest of its jobs counts. */
  private readonly reserved = new Map<object, number>();
  /** By program and size: measured over estimated, at least 1. */
  private readonly factors = new Map<string, number>();
  private waiting: string | null = null;

  constructor(private readonly limits: MemoryLimits) {}

  /** Why the next proof waits for memory; null when none does. */
  get problem(): string | null {
    return this.waiting;
  }

  /** What the job is expected to take, bytes; 0 when nobody can tell. */
  expected(job: Job): number {
    const estimate = job.estimatedBytes ?? 0;
    return estimate * (this.factors.get(sizeOf(job)) ?? 1);
  }

  /** Why the job can never run here; null when it can. */
  refuse(job: Job): string | null {
    const needed = this.expected(job);
    if (needed <= this.limits.totalBytes) return null;
    return `the proof is expected to take ${mib(needed)}; proofs may take ${mib(this.limits.totalBytes)} on this machine`;
  }

  /** Sets memory aside for one more job of a worker if there is enough. */
  tryReserve(worker: object, job: Job): boolean {
    const has = this.reserved.get(worker) ?? 0;
    const needed = this.expected(job);
    if (needed > has && !this.fits(worker, needed, needed - has)) {
      this.waiting = `the next proof is expected to take ${mib(needed)}; ${mib(Math.max(0, this.limits.freeBytes() - RESERVE_BYTES))} are free`;
      return false;
    }
    this.waiting = null;
    this.reserved.set(worker, Math.max(has, needed));
    return true;
  }

  /** These are all the jobs the worker still has. */
  keepOnly(worker: object, jobs: readonly Job[]): void {
    this.reserved.set(worker, Math.max(0, ...jobs.map((job) => this.expected(job))));
  }

  private fits(worker: object, needed: number, more: number): boolean {
    let others = 0;
    for (const [each, bytes] of this.reserved) if (each !== worker) others += bytes;
    // With nothing else under way only the machine itself can be short of memory.
    return (others === 0 || others + needed <= this.limits.totalBytes) && more + RESERVE_BYTES <= this.limits.freeBytes();
  }

  /** A proof was made that took its worker to a new peak, `bytes` above its idle size. */
  learn(job: Job, bytes: number): void {
    if (job.estimatedBytes === null || job.estimatedBytes <= 0) return;
    this.raise(job, bytes / job.estimatedBytes);
  }

  /** The job's worker died for lack of memory. */
  learnFromDeath(job: Job): void {
    this.raise(job, (this.factors.get(sizeOf(job)) ?? 1) * AFTER_OUT_OF_MEMORY);
  }

  private raise(job: Job, factor: number): void {
    const size = sizeOf(job);
    if (factor > (this.factors.get(size) ?? 1)) this.factors.set(size, factor);
  }
}

/** Jobs of one program whose estimates lie within the same power of two. */
function sizeOf({ program, estimatedBytes }: Job): string {
  return `${program}:${Math.floor(Math.log2(Math.max(1, estimatedBytes ?? 1)))}`;
}

function mib(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
