/** Difficulties as the wire names them, easiest first. */
export const DIFFICULTIES = [
  'SMALL',
  'SMALL_MEDIUM',
  'MEDIUM',
  'LARGE',
  'EXTRA_LARGE',
  'EXTRA_LARGE_2',
  'EXTRA_LARGE_3',
  'EXTRA_LARGE_4',
  'EXTRA_LARGE_5',
] as const;
export type Difficulty = (typeof DIFFICULTIES)[number];

export interface DifficultyRules {
  readonly start: Difficulty;
  /** A task done in less than this asks for one step more, in milliseconds. */
  readonly stepUpUnderMs: number;
  /** Fixed: always ask for exactly this. */
  readonly fixed?: Difficulty;
  /** Never ask for more than this. */
  readonly max?: Difficulty;
}

export type DifficultySetback = 'failed' | 'out-of-memory' | 'deadline';

export interface DifficultyState {
  /** What to ask for next. */
  readonly requested: Difficulty;
  /** What the server gave last, and what had been asked for then; null before the first task. */
  readonly last: { readonly requested: Difficulty; readonly granted: Difficulty } | null;
  /** Tasks whose granted difficulty was not the requested one. */
  readonly overridden: number;
}

/**
 * Climbs one step after each quick task and one down after each setback. Having failed at a step, it takes twice as many
 * quick tasks (1, 2, 4 ... 64) on the step below before that step is tried again, so that a machine at its limit does
 * not swing between a step it can do and one it cannot.
 */
export class DifficultyLadder {
  private step: number;
  private quick = 0;
  /** Setbacks at each step since it last went well. */
  private readonly setbacks = new Map<number, number>();
  private lastSeen: DifficultyState['last'] = null;
  private overriddenCount = 0;

  constructor(private readonly rules: DifficultyRules) {
    this.step = Math.min(index(rules.start), this.top);
  }

  get state(): DifficultyState {
    return { requested: this.requested, last: this.lastSeen, overridden: this.overriddenCount };
  }

  /** What to ask the server for. */
  get requested(): Difficulty {
    return this.rules.fixed ?? DIFFICULTIES[this.step] ?? this.rules.start;
  }

  /** Records what the server gave for a request. */
  granted(granted: Difficulty, requested: Difficulty = this.requested): void {
    this.lastSeen = { requested, granted };
    if (granted !== requested) this.overriddenCount++;
  }

  /**
   * A task of the given difficulty was done.
   * @param durationMs from the start of proving to the finished proof
   */
  succeeded(granted: Difficulty, durationMs: number): void {
    // An easier task than asked for says nothing of the step we are on.
    if (index(granted) < this.step) return;
    if (durationMs >= this.rules.stepUpUnderMs) {
      this.quick = 0;
      return;
    }
    this.setbacks.delete(this.step);
    this.quick++;
    if (this.step >= this.top || this.quick < this.neededFor(this.step + 1)) return;
    this.step++;
    this.quick = 0;
  }

  /** A task of the given difficulty could not be done by this machine. Failures of the task itself do not belong here. */
  setBack(granted: Difficulty, _why: DifficultySetback): void {
    const failedStep = Math.min(index(granted), this.top);
    this.quick = 0;
    this.setbacks.set(failedStep, (this.setbacks.get(failedStep) ?? 0) + 1);
    this.step = Math.max(0, Math.min(this.step, failedStep - 1));
  }

  private neededFor(step: number): number {
    return Math.min(64, 2 ** (this.setbacks.get(step) ?? 0));
  }

  private get top(): number {
    return this.rules.max ? index(this.rules.max) : DIFFICULTIES.length - 1;
  }
}

function index(difficulty: Difficulty): number {
  return DIFFICULTIES.indexOf(difficulty);
}
