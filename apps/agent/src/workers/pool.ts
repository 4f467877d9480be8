import type { WorkerStatus } from '@provefleet/fleet-protocol';
import { ProverError, type Capabilities } from '@provefleet/prover';
import { Dispatcher } from '@provefleet/scheduling';
import { pause } from '../clock.js';
import type { Job } from './job.js';
import { MemoryBudget, type MemoryLimits } from './memory.js';
import { Worker, type WorkerHost } from './worker.js';

export interface PoolOptions extends Pick<WorkerHost, 'clock' | 'spawn' | 'backend' | 'memoryBudgetBytes' | 'kernelMemoryKills' | 'event'> {
  readonly cores: number;
  /** Called whenever something a status shows has changed. */
  readonly changed: () => void;
  /** Jobs that may wait for one worker. */
  readonly perWorker?: number;
  readonly memory: MemoryLimits;
}

/** A job that failed on one worker gets one more try, elsewhere when there is an elsewhere. */
const MOST_FAILURES = 2;

/** The machine's workers: started, fed in turn, restarted, their number changed while they run. */
export class WorkerPool {
  private workers: Worker[] = [];
  private readonly dispatcher: Dispatcher<Job>;
  private readonly failures = new WeakMap<Job, number>();
  private readonly ending = new AbortController();
  private isHeld = false;
  private known: Capabilities | null = null;
  private retiredRestarts = 0;
  private readonly memory: MemoryBudget;

  constructor(private readonly options: PoolOptions) {
    this.memory = new MemoryBudget(options.memory);
    this.dispatcher = new Dispatcher(options.perWorker ?? 8);
  }

  /** What the backend said of itself; null until the first worker is ready. */
  get capabilities(): Capabilities | null {
    return this.known;
  }

  /** Workers that run or are to run. */
  get size(): number {
    return this.workers.filter((worker) => !worker.isLeaving).length;
  }

  get proving(): number {
    return this.workers.filter((worker) => worker.isProving).length;
  }

  /** Jobs handed out and not yet done, waiting ones included. */
  get load(): number {
    return this.dispatcher.queued + this.workers.reduce((sum, worker) => sum + worker.sentJobs, 0);
  }

  get restarts(): number {
    return this.workers.reduce((sum, worker) => sum + worker.restarts, this.retiredRestarts);
  }

  /** Why no worker can prove; null when at least one can, or none is wanted. */
  get failure(): string | null {
    const wanted = this.workers.filter((worker) => !worker.isLeaving);
    if (wanted.length === 0 || wanted.some((worker) => !worker.isFailing)) return null;
    return wanted[0]?.causeOfFailure ?? null;
  }

  /** Why the next proof waits for memory; null while others are under way, or none waits. */
  get memoryProblem(): string | null {
    return this.proving === 0 && this.dispatcher.queued > 0 ? this.memory.problem : null;
  }

  statuses(): WorkerStatus[] {
    return this.workers.map((worker) => worker.status());
  }

  /** Sets the number of workers. Those in excess end after the proof under way; what waited for them goes to others. */
  resize(count: number): void {
    const wanted = this.workers.filter((worker) => !worker.isLeaving);
    for (const worker of wanted.slice(count)) void this.retire(worker);
    const threads = Math.max(1, Math.floor(this.options.cores / Math.max(1, count)));
    for (let missing = count - wanted.length; missing > 0; missing--) {
      const worker = new Worker(this.freeId(), threads, this.host());
      this.workers = [...this.workers, worker].sort((a, b) => a.id - b.id);
      worker.start();
    }
    this.options.changed();
  }

  /** While held, running proofs go on and no other is begun. */
  hold(held: boolean): void {
    this.isHeld = held;
    if (!held) this.feedAll();
  }

  /** Waits for a worker with room and gives it the job. Rejects with the signal's reason on abort. */
  async dispatch(job: Job, signal?: AbortSignal): Promise<void> {
    job.estimatedBytes ??= (await this.workers.find((worker) => worker.canEstimate)?.estimate(job)) ?? null;
    const refusal = this.memory.refuse(job);
    if (refusal !== null) {
      job.settle({ ok: false, error: new ProverError('OutOfMemory', refusal), workerId: null });
      return;
    }
    const id = await this.dispatcher.dispatch(job, signal);
    this.workers.find((worker) => String(worker.id) === id)?.feed();
  }

  /**
   * Ends all workers: running proofs are finished within the time, the rest is given up unsettled.
   * @returns false when some had to be killed.
   */
  async stop(deadlineMs: number): Promise<boolean> {
    this.ending.abort();
    this.hold(true);
    const stopped = Promise.all(this.workers.map((worker) => worker.stop()));
    const timer = new AbortController();
    const inTime = await Promise.race([stopped.then(() => true), pause(this.options.clock, deadlineMs, timer.signal).then(() => false)]);
    timer.abort();
    if (!inTime) for (const worker of this.workers) worker.kill();
    await stopped;
    return inTime;
  }

  private feedAll(): void {
    for (const worker of this.workers) worker.feed();
  }

  private async retire(worker: Worker): Promise<void> {
    await worker.stop();
    this.workers = this.workers.filter((other) => other !== worker);
    this.retiredRestarts += worker.restarts;
    this.options.changed();
  }

  private freeId(): number {
    const taken = new Set(this.workers.map((worker) => worker.id));
    let id = 1;
    while (taken.has(id)) id++;
    return id;
  }

  private host(): WorkerHost {
    return {
      ...this.options,
      jobFailed: (job, error, worker) => this.failed(job, error, worker),
      jobReturned: (job) => this.again(job),
      ready: (worker, capabilities) => {
        this.known = capabilities;
        return this.dispatcher.add(String(worker.id));
      },
      unready: (worker) => this.dispatcher.remove(String(worker.id)),
      admit: (worker, job) => !this.isHeld && this.memory.tryReserve(worker, job),
      has: (worker, jobs) => {
        this.memory.keepOnly(worker, jobs);
        // What waited for this memory may be another worker's.
        if (this.memory.problem !== null) queueMicrotask(() => this.feedAll());
      },
      measured: (job, bytes) => this.memory.learn(job, bytes),
      changed: this.options.changed,
    };
  }

  private failed(job: Job, error: ProverError, worker: Worker): void {
    if (error.code === 'OutOfMemory') this.memory.learnFromDeath(job);
    const failures = (this.failures.get(job) ?? 0) + 1;
    this.failures.set(job, failures);
    const worthATry = error.retryable || error.code === 'DeadlineExceeded';
    if (worthATry && failures < MOST_FAILURES) this.again(job);
    else job.settle({ ok: false, error, workerId: worker.id });
  }

  private again(job: Job): void {
    // Given up only when the pool ends; the task is then still in the journal.
    this.dispatch(job, this.ending.signal).catch((error: unknown) => {
      if (!this.ending.signal.aborted) throw error;
    });
  }
}
