import type { WorkerStatus } from '@provefleet/fleet-protocol';
import { ProverError, type Capabilities } from '@provefleet/prover';
import type { BoundedQueue } from '@provefleet/scheduling';
import type { AgentClock } from '../clock.js';
import { line } from '../errors.js';
import type { EventDraft } from '../outbox/event-log.js';
import { classifyDeath, type DeathFacts } from './death.js';
import type { Job } from './job.js';
import type { FromWorker } from './protocol.js';
import type { SpawnWorker, WorkerChild } from './spawn.js';

/** What a worker tells its pool. */
export interface WorkerHost {
  readonly clock: AgentClock;
  readonly spawn: SpawnWorker;
  readonly backend: string;
  readonly memoryBudgetBytes: number | null;
  readonly kernelMemoryKills: () => Promise<number | null>;
  event(draft: Extract<EventDraft, { kind: 'worker' }>): void;
  /** The job failed on this worker; it may be tried elsewhere. */
  jobFailed(job: Job, error: ProverError, worker: Worker): void;
  /** The job was not begun, or the worker was ended on purpose: it counts as untried. */
  jobReturned(job: Job): void;
  /** The worker takes jobs from now on; the answer is the queue it reads them from. */
  ready(worker: Worker, capabilities: Capabilities): BoundedQueue<Job>;
  /** The worker takes no more jobs; the answer is what it had not begun. */
  unready(worker: Worker): readonly Job[];
  /** Whether the worker may have this job too; from a yes on its memory is set aside. */
  admit(worker: Worker, job: Job): boolean;
  /** These are all the jobs the worker still has. */
  has(worker: Worker, jobs: readonly Job[]): void;
  /** A proof took the process to a new peak, `bytes` above its idle size. */
  measured(job: Job, bytes: number): void;
  changed(): void;
}

type WorkerChange = Extract<EventDraft, { kind: 'worker' }>['change'];

/** Jobs sent ahead to the process, so that it need not wait for the agent between two short proofs. */
const SENT_AHEAD = 2;
const START_DEADLINE_MS = 60_000;
const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 60_000;
/** Deaths in a row, without a proof between them, from which on it is called a crash loop. */
const CRASH_LOOP = 5;

/** One worker slot: keeps a process running, feeds it, tells the causes of its deaths apart, starts it again. */
export class Worker {
  private state: WorkerStatus['state'] = 'starting';
  private since: number;
  private lane: BoundedQueue<Job> | null = null;
  /** Sent to the process; the first one is running. */
  private sent: Job[] = [];
  private child: WorkerChild | null = null;
  private endedBy: DeathFacts['endedBy'] = null;
  private unavailable: string | null = null;
  private deathsInARow = 0;
  private stage: string | null = null;
  private memoryBytes = 0;
  private idleBytes = 0;
  private peakBytes = 0;
  private nextRequestId = 1;
  private readonly estimates = new Map<number, (bytes: number | null) => void>();
  private cause = '';
  private memoryKillsAtStart: number | null = null;
  private cancelDeadline: () => void = () => undefined;
  private cancelRestart: () => void = () => undefined;
  private whenStopped: (() => void)[] = [];
  private nextJobId = 1;
  private readonly jobIds = new Map<number, Job>();
  restarts = 0;

  constructor(readonly id: number, private readonly threads: number, private readonly host: WorkerHost) {
    this.since = host.clock.wallNow();
  }

  /** Stopped, or about to stop. */
  get isLeaving(): boolean {
    return this.state === 'stopping' || this.state === 'stopped';
  }

  get canEstimate(): boolean {
    return this.lane !== null && this.child !== null;
  }

  get sentJobs(): number {
    return this.sent.length;
  }

  /** Not able to prove, or being tried again after that. */
  get isFailing(): boolean {
    return this.state === 'failing' || (this.state === 'starting' && this.cause !== '');
  }

  get isProving(): boolean {
    return this.sent.length > 0;
  }

  get causeOfFailure(): string {
    return this.cause;
  }

  status(): WorkerStatus {
    const running = this.sent[0];
    return {
      id: this.id,
      state: this.state,
      taskId: running ? line(running.taskId, 128) : null,
      program: running ? line(running.program, 80) : null,
      stage: running ? this.stage : null,
      since: this.since,
      restarts: this.restarts,
      cause: line(this.cause, 300),
      memoryBytes: Math.round(this.memoryBytes),
    };
  }

  start(): void {
    const { host } = this;
    this.endedBy = null;
    this.unavailable = null;
    void host.kernelMemoryKills().then((count) => (this.memoryKillsAtStart = count));
    const child = host.spawn();
    this.child = child;
    child.onMessage((message) => {
      if (this.child === child) this.receive(message);
    });
    child.onExit((code, signal, problem) => void this.ended(code, signal, problem ?? child.lastWords()));
    child.send({ type: 'init', backend: host.backend, threads: this.threads, memoryBudgetBytes: host.memoryBudgetBytes });
    this.armDeadline(START_DEADLINE_MS);
    this.show('starting', this.cause);
  }

  /** Sends jobs from the worker's queue to its process, as far as it should have any. */
  feed(): void {
    if (this.lane === null || this.child === null) return;
    while (this.sent.length < SENT_AHEAD) {
      const job = this.lane.peek();
      if (job === undefined || !this.host.admit(this, job)) break;
      this.lane.tryTake();
      const jobId = this.nextJobId++;
      this.jobIds.set(jobId, job);
      this.sent.push(job);
      this.child.send({ type: 'prove', jobId, program: job.program, input: job.input });
      if (this.sent.length === 1) this.armDeadline(job.timeoutMs);
    }
    if (this.sent.length > 0 && this.state === 'idle') this.show('proving', '');
  }

  /** What the job would take, bytes; null when the backend cannot tell. */
  estimate(job: Job): Promise<number | null> {
    const { child } = this;
    if (child === null) return Promise.resolve(null);
    const requestId = this.nextRequestId++;
    return new Promise((resolve) => {
      this.estimates.set(requestId, resolve);
      child.send({ type: 'estimate', requestId, program: job.program, input: job.input });
    });
  }

  /** Ends the process after the job under way; what was not begun goes back to the pool. Resolves when it is gone. */
  stop(): Promise<void> {
    if (this.state === 'stopped') return Promise.resolve();
    const stopped = new Promise<void>((resolve) => this.whenStopped.push(resolve));
    this.cancelRestart();
    this.returnAll(this.leaveDispatch());
    if (this.child === null) {
      this.becomeStopped();
    } else if (this.state !== 'stopping') {
      this.show('stopping', '');
      this.child.send({ type: 'stop' });
    }
    return stopped;
  }

  /** Ends the process now; its jobs go back to the pool. */
  kill(): void {
    this.endedBy = 'stop';
    this.child?.kill();
  }

  private receive(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.cancelDeadline();
        this.memoryBytes = message.memoryBytes;
        this.idleBytes = message.memoryBytes;
        this.peakBytes = message.memoryBytes;
        this.host.event({ kind: 'worker', level: 'info', workerId: this.id, change: 'started', cause: '' });
        if (this.state === 'stopping') return;
        this.show('idle', '');
        this.lane = this.host.ready(this, message.capabilities);
        this.feed();
        return;
      case 'unavailable':
        this.unavailable = message.error.message;
        this.endedBy = 'unavailable';
        this.child?.kill();
        return;
      case 'memory':
        this.memoryBytes = message.memoryBytes;
        return;
      case 'stage':
        if (this.jobIds.get(message.jobId) !== this.sent[0]) return;
        this.stage = message.stage;
        return;
      case 'estimated':
        this.estimates.get(message.requestId)?.(message.bytes);
        this.estimates.delete(message.requestId);
        return;
      case 'returned': {
        const job = this.take(message.jobId);
        if (job) this.host.jobReturned(job);
        return;
      }
      case 'proved': {
        this.memoryBytes = message.memoryBytes;
        const job = this.take(message.jobId);
        this.deathsInARow = 0;
        if (job && message.peakBytes > this.peakBytes) {
          this.peakBytes = message.peakBytes;
          this.host.measured(job, message.peakBytes - this.idleBytes);
        }
        job?.settle({ ok: true, proved: message.proved, workerId: this.id });
        this.next();
        return;
      }
      case 'failed': {
        this.memoryBytes = message.memoryBytes;
        const job = this.take(message.jobId);
        if (job) this.host.jobFailed(job, ProverError.fromData(message.error), this);
        this.next();
      }
    }
  }

  private take(jobId: number): Job | undefined {
    const job = this.jobIds.get(jobId);
    this.jobIds.delete(jobId);
    this.sent = this.sent.filter((other) => other !== job);
    this.host.has(this, this.sent);
    return job;
  }

  /** After a job: what is next, and who hears of it. */
  private next(): void {
    this.cancelDeadline();
    this.stage = null;
    const running = this.sent[0];
    if (running) this.armDeadline(running.timeoutMs);
    else if (this.state !== 'stopping') this.show('idle', '');
    this.feed();
    this.host.changed();
  }

  private armDeadline(milliseconds: number): void {
    this.cancelDeadline();
    this.cancelDeadline = this.host.clock.setTimer(milliseconds, () => {
      this.endedBy = 'hang';
      this.child?.kill();
    });
  }

  private async ended(code: number | null, signal: NodeJS.Signals | null, lastWords: string): Promise<void> {
    this.child = null;
    this.cancelDeadline();
    const waiting = this.leaveDispatch();
    const [running, ...ahead] = this.sent.splice(0);
    this.host.has(this, []);
    for (const answer of this.estimates.values()) answer(null);
    this.estimates.clear();
    this.jobIds.clear();
    this.stage = null;
    this.memoryBytes = 0;
    const endedBy = this.endedBy ?? (this.state === 'stopping' && code === 0 ? 'stop' : null);
    const killsNow = signal === 'SIGKILL' && endedBy === null ? await this.host.kernelMemoryKills() : null;
    const kernelKilledForMemory = killsNow === null || this.memoryKillsAtStart === null ? null : killsNow > this.memoryKillsAtStart;
    const death = classifyDeath({ code, signal, endedBy, kernelKilledForMemory, lastWords: lastWordsOf(lastWords) });

    if (endedBy === 'stop') this.becomeStopped();
    else this.restartLater(this.unavailable === null ? death.change : 'crashed', this.unavailable ?? death.cause);
    if (running && death.error !== null) this.host.jobFailed(running, death.error, this);
    else if (running) this.host.jobReturned(running);
    this.returnAll([...ahead, ...waiting]);
    this.host.changed();
  }

  private becomeStopped(): void {
    this.show('stopped', '');
    this.host.event({ kind: 'worker', level: 'info', workerId: this.id, change: 'stopped', cause: '' });
    for (const resolve of this.whenStopped.splice(0)) resolve();
  }

  private restartLater(change: WorkerChange, cause: string): void {
    const wasStopping = this.state === 'stopping';
    this.deathsInARow++;
    this.host.event({ kind: 'worker', level: 'error', workerId: this.id, change, cause: line(cause, 300) });
    if (wasStopping) {
      this.becomeStopped();
      return;
    }
    this.restarts++;
    if (this.deathsInARow === CRASH_LOOP) {
      this.host.event({ kind: 'worker', level: 'error', workerId: this.id, change: 'crash-loop', cause: line(`${CRASH_LOOP} times in a row: ${cause}`, 300) });
    }
    this.show('failing', cause);
    const backoff = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (this.deathsInARow - 1));
    this.cancelRestart = this.host.clock.setTimer(backoff * (0.5 + this.host.clock.random() / 2), () => this.start());
  }

  /** What waited for this worker. */
  private leaveDispatch(): readonly Job[] {
    if (this.lane === null) return [];
    this.lane = null;
    return this.host.unready(this);
  }

  private returnAll(jobs: readonly Job[]): void {
    for (const job of jobs) this.host.jobReturned(job);
  }

  private show(state: WorkerStatus['state'], cause: string): void {
    if (this.state !== state) this.since = this.host.clock.wallNow();
    this.state = state;
    this.cause = cause;
    this.host.changed();
  }
}

/** The line that says most: a panic's or error's, else the last. */
function lastWordsOf(text: string): string {
  const lines = text.split('\n').map((each) => each.trim()).filter(Boolean);
  return lines.find((each) => /panicked at|Error:|FATAL ERROR/.test(each)) ?? lines.at(-1) ?? '';
}
