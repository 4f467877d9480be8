import { OrchestratorError } from './errors.js';
import { TASK_DIFFICULTY, TASK_TYPE, enumName, type GetProofTaskResponse, type TaskDifficulty, type TaskType, type WireTask, type WireTimestamp } from './wire.js';

/** A task as the rest of the agent knows it. */
export interface Task {
  readonly taskId: string;
  /** Program id as the network names it, such as `fib_input_initial`. */
  readonly programId: string;
  /** Public inputs in order; empty when the server sent none, which no program accepts. */
  readonly inputs: readonly Uint8Array[];
  readonly taskType: TaskType;
  /** An unknown difficulty counts as SMALL; `difficultyKnown` is then false. */
  readonly difficulty: TaskDifficulty;
  readonly difficultyKnown: boolean;
  /** The difficulty's number as received. */
  readonly rawDifficulty: number;
  /** When the server made the task, by its clock; null when it did not say. */
  readonly createdAt: Date | null;
  /** True when only the answer's deprecated fields were filled (servers of the 0.9 line). */
  readonly fromDeprecatedFields: boolean;
}

/** @throws OrchestratorError `MissingTask`, `UnknownTaskType`. */
export function taskFromWire(task: WireTask): Task {
  if (task.taskId === '') throw new OrchestratorError('MissingTask', 'the task has no task_id');
  const taskType = enumName(TASK_TYPE, task.taskType);
  if (!taskType) {
    throw new OrchestratorError('UnknownTaskType', `task ${task.taskId} has unknown task_type ${task.taskType}`, { taskId: task.taskId });
  }
  const difficulty = enumName(TASK_DIFFICULTY, task.difficulty);
  return {
    taskId: task.taskId,
    programId: task.programId,
    inputs: inputsOf(task.publicInputsList, task.publicInputs),
    taskType,
    difficulty: difficulty ?? 'SMALL',
    difficultyKnown: difficulty !== undefined,
    rawDifficulty: task.difficulty,
    createdAt: dateOf(task.createdAt),
    fromDeprecatedFields: false,
  };
}

/**
 * The task of an answer: field `task` when present, else the deprecated fields beside it.
 * @throws OrchestratorError `MissingTask`, `UnknownTaskType`.
 */
export function taskFromAnswer(answer: GetProofTaskResponse): Task {
  if (answer.task) return taskFromWire(answer.task);
  if (answer.taskId === '') throw new OrchestratorError('MissingTask', 'the answer holds no task');
  return {
    taskId: answer.taskId,
    programId: answer.programId,
    inputs: inputsOf([], answer.publicInputs),
    taskType: 'PROOF_REQUIRED',
    difficulty: 'SMALL',
    difficultyKnown: true,
    rawDifficulty: 0,
    createdAt: null,
    fromDeprecatedFields: true,
  };
}

/** Null for times that no calendar has. */
function dateOf(time: WireTimestamp | null): Date | null {
  if (!time) return null;
  const date = new Date(time.seconds * 1000 + Math.floor(time.nanos / 1e6));
  return Number.isNaN(date.getTime()) ? null : date;
}

function inputsOf(list: readonly Uint8Array[], single: Uint8Array): readonly Uint8Array[] {
  if (list.length > 0) return list.map((input) => Uint8Array.from(input));
  return single.length > 0 ? [Uint8Array.from(single)] : [];
}
