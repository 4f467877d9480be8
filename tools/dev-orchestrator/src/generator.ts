import { TASK_DIFFICULTY, type TaskDifficulty, type TaskType } from '@provefleet/orchestrator-client';
import { FAST_FIB, FIB_INPUT_INITIAL, encodeInput, type ProgramId } from '@provefleet/prover';
import type { GeneratorOptions } from './options.js';
import { SeededRandom } from './random.js';

/** A task as it is handed out. Enums are numbers and the program any text, since scenarios make odd ones. */
export interface GeneratedTask {
  readonly taskId: string;
  readonly program: string;
  readonly inputs: readonly Uint8Array[];
  readonly taskType: TaskType;
  readonly difficulty: TaskDifficulty;
}

/** Smallest and largest n of `fib_input_initial` by difficulty. `fast-fib` takes any n up to 255 at each. */
const SIZES: Readonly<Record<TaskDifficulty, readonly [number, number]>> = {
  SMALL: [0, 100],
  SMALL_MEDIUM: [100, 1_000],
  MEDIUM: [1_000, 10_000],
  LARGE: [10_000, 65_535],
  EXTRA_LARGE: [65_536, 2 ** 17],
  EXTRA_LARGE_2: [2 ** 17, 2 ** 18],
  EXTRA_LARGE_3: [2 ** 18, 2 ** 19],
  EXTRA_LARGE_4: [2 ** 19, 2 ** 20],
  EXTRA_LARGE_5: [2 ** 20, 2 ** 20],
};

/** Makes tasks. The task of an index depends on seed, options and difficulty alone, not on what was made before. */
export class TaskGenerator {
  constructor(private readonly options: GeneratorOptions) {}

  task(index: number, wanted: TaskDifficulty): GeneratedTask {
    const { programs, taskTypes, inputs, maxDifficulty, seed } = this.options;
    const random = new SeededRandom(`${seed}/task/${index}`);
    const difficulty = TASK_DIFFICULTY[wanted] > TASK_DIFFICULTY[maxDifficulty] ? maxDifficulty : wanted;
    const taskId = random.uuid();
    const program = random.pick(programs);
    const taskType = random.pick(taskTypes);
    const count = random.between(...inputs);
    return { taskId, program, taskType, difficulty, inputs: Array.from({ length: count }, () => this.input(program, difficulty, random)) };
  }

  private input(program: ProgramId, difficulty: TaskDifficulty, random: SeededRandom): Uint8Array {
    const { n, a, b } = this.options;
    if (program === FAST_FIB) return encodeInput({ program, n: n ?? random.between(0, 255) });
    return encodeInput({
      program: FIB_INPUT_INITIAL,
      n: n ?? random.between(...SIZES[difficulty]),
      initA: a ?? random.u32(),
      initB: b ?? random.u32(),
    });
  }
}
