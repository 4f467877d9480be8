import type { FleetEvent, TaskOutcome } from '@provefleet/fleet-protocol';
import { SeededRandom } from './random.js';

type Body = FleetEvent extends infer Event ? (Event extends FleetEvent ? Omit<Event, 'sequence' | 'at' | 'level'> & { level?: FleetEvent['level'] } : never) : never;

/** As the protocol names a task in its events. */
interface TaskName {
  readonly nodeId: string;
  readonly taskId: string;
  readonly program: string;
  readonly taskType: 'PROOF_REQUIRED' | 'PROOF_HASH' | 'ALL_PROOF_HASHES';
  readonly difficulty: string;
}

interface Task {
  readonly name: TaskName;
  readonly input: string;
  readonly fetchedAt: number;
}

/** One event in so many is something else than a task fetched or settled. */
const RARE = 50;

/** How tasks end: out of a hundred. */
const OUTCOMES: readonly { readonly upTo: number; readonly outcome: TaskOutcome; readonly code: string; readonly reason: string }[] = [
  { upTo: 97, outcome: 'accepted', code: '', reason: '' },
  { upTo: 98, outcome: 'refused', code: '409', reason: 'the network has this proof already' },
  { upTo: 99, outcome: 'expired', code: 'DeadlineExceeded', reason: 'the deadline passed before the proof was made' },
  { upTo: 100, outcome: 'failed', code: 'OutOfMemory', reason: 'the worker ran out of memory twice' },
];

/** The events of one machine in the order a real one sends them: tasks fetched and settled, now and then a worker's fate. */
export class EventSource {
  private readonly random: SeededRandom;
  private sequence = 0;
  private tasks = 0;
  private open: Task | null = null;
  readonly settled: Record<TaskOutcome, number> = { accepted: 0, refused: 0, expired: 0, failed: 0 };
  fetched = 0;

  /**
   * @param run distinguishes this run's tasks from those of a run before it
   */
  constructor(
    private readonly seed: string,
    private readonly index: number,
    private readonly workers: number,
    private readonly run: string,
  ) {
    this.random = new SeededRandom(seed, `events ${index}`);
  }

  get lastSequence(): number {
    return this.sequence;
  }

  /** Goes on after a sequence that an earlier run reached. */
  continueAfter(sequence: number): void {
    this.sequence = sequence;
  }

  /** @param now milliseconds since the epoch */
  next(now: number): FleetEvent {
    const body = this.random.integer(1, RARE) === 1 ? this.rare(now) : this.open === null ? this.fetch(now) : this.settle(this.open, now);
    this.sequence += 1;
    return { ...body, sequence: this.sequence, at: now, level: body.level ?? 'info' } as FleetEvent;
  }

  private fetch(now: number): Body {
    const { random } = this;
    this.tasks += 1;
    this.fetched += 1;
    const fast = random.next() < 0.2;
    const name: TaskName = {
      nodeId: `load-${this.index}`,
      taskId: `${this.seed}-${this.run}-${this.index}-${this.tasks}`,
      program: fast ? 'fast-fib' : 'fib_input_initial',
      taskType: random.pick(['PROOF_REQUIRED', 'PROOF_REQUIRED', 'PROOF_HASH', 'ALL_PROOF_HASHES']),
      difficulty: random.pick(['SMALL', 'SMALL_MEDIUM', 'MEDIUM', 'LARGE']),
    };
    this.open = {
      name,
      input: fast ? String(random.integer(0, 255)) : `${random.integer(0, 2 ** 20)}, ${random.integer(0, 2 ** 32 - 1)}, ${random.integer(0, 2 ** 32 - 1)}`,
      fetchedAt: now,
    };
    return { kind: 'task-fetched', ...name, inputs: 1 };
  }

  private settle(task: Task, now: number): Body {
    const { random } = this;
    const roll = random.next() * 100;
    const { outcome, code, reason } = OUTCOMES.find(({ upTo }) => roll < upTo) ?? { outcome: 'accepted', code: '', reason: '' };
    this.open = null;
    this.settled[outcome] += 1;
    const proved = outcome === 'accepted' || outcome === 'refused';
    const provingMs = 5 * Math.exp(4 * random.next()) * (0.8 + 0.4 * random.next());
    return {
      kind: 'task-settled',
      level: outcome === 'accepted' ? 'info' : outcome === 'failed' ? 'error' : 'warning',
      ...task.name,
      input: task.input,
      fetchedAt: task.fetchedAt,
      outcome,
      reason,
      code,
      workerId: random.integer(1, Math.max(1, this.workers)),
      provingMs: proved ? provingMs : null,
      stages: proved ? [{ stage: 'witness', milliseconds: provingMs * 0.2 }, { stage: 'commit', milliseconds: provingMs * 0.3 }, { stage: 'fri', milliseconds: provingMs * 0.5 }] : [],
      proofBytes: proved ? random.integer(40_000, 400_000) : 0,
      submitAttempts: proved ? random.integer(1, 2) : 0,
      settledAt: now,
    };
  }

  private rare(now: number): Body {
    const { random } = this;
    const nodeId = `load-${this.index}`;
    const workerId = random.integer(1, Math.max(1, this.workers));
    switch (random.integer(1, 3)) {
      case 1:
        return { kind: 'throttled', level: 'warning', nodeId, until: now + 120_000, reason: 'the network asked to wait' };
      case 2:
        return { kind: 'worker', level: 'error', workerId, change: 'crashed', cause: 'ended by SIGSEGV' };
      default:
        return { kind: 'worker', workerId, change: 'started', cause: '' };
    }
  }
}
