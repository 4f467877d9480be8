import { TASK_DIFFICULTY, TASK_TYPE, type TaskDifficulty, type TaskType } from '@provefleet/orchestrator-client';
import { FIB_INPUT_INITIAL_MAX_N, PROGRAM_IDS, type ProgramId } from '@provefleet/prover';
import { Command, InvalidArgumentError } from 'commander';
import { SCENARIOS, parseScenario, type ScenarioChoice } from './scenarios/index.js';

export interface GeneratorOptions {
  readonly seed: string;
  /** Drawn from with equal chances. */
  readonly programs: readonly ProgramId[];
  /** The same n for every task; unset: drawn according to the difficulty. */
  readonly n?: number;
  readonly a?: number;
  readonly b?: number;
  readonly taskTypes: readonly TaskType[];
  /** Least and largest number of inputs of a task. */
  readonly inputs: readonly [number, number];
  /** No task is harder than this, whatever the client asks for. */
  readonly maxDifficulty: TaskDifficulty;
}

export interface OrchestratorOptions extends GeneratorOptions {
  /** 0: any free port. */
  readonly port: number;
  /** Tasks a second, all nodes together; null: as many as are asked for. */
  readonly rate: number | null;
  /** Tasks altogether; null: no end. */
  readonly limit: number | null;
  /** Time a task may take, in milliseconds. */
  readonly deadlineMs: number;
  /** Refuse nodes that were not registered here. */
  readonly strictNodes: boolean;
  /** Refuse proofs in a format that cannot be verified here. */
  readonly requireNative: boolean;
  readonly ledgerFile?: string;
  readonly scenario?: ScenarioChoice;
}

export interface CommandLine extends OrchestratorOptions {
  readonly quiet: boolean;
}

export const DEFAULT_PORT = 8080;

/** Options of the command line. Prints help and errors itself and then ends the process. */
export function parseCommandLine(argv: readonly string[], env: NodeJS.ProcessEnv): CommandLine {
  const difficulties = Object.keys(TASK_DIFFICULTY) as TaskDifficulty[];
  const taskTypes = Object.keys(TASK_TYPE) as TaskType[];
  const program = new Command('dev-orchestrator')
    .description('A development orchestrator on loopback: the whole wire, with proofs verified. It is no network and pays nothing.')
    .option('--port <port>', 'port on 127.0.0.1; 0 for any free one (PROVEFLEET_ORCHESTRATOR_PORT)', integer(0, 65_535))
    .option('--seed <text>', 'the same seed gives the same tasks', '1')
    .option('--program <names>', `${PROGRAM_IDS.join(', ')}, comma-separated, or all`, list(PROGRAM_IDS), [...PROGRAM_IDS])
    .option('--n <n>', `the same n in every task, 0 to ${FIB_INPUT_INITIAL_MAX_N} (fast-fib: 255)`, integer(0, FIB_INPUT_INITIAL_MAX_N))
    .option('--a <a>', 'the same init_a in every task of fib_input_initial', integer(0, 0xffff_ffff))
    .option('--b <b>', 'the same init_b in every task of fib_input_initial', integer(0, 0xffff_ffff))
    .option('--task-types <types>', `${taskTypes.join(', ')}, comma-separated, or all; only PROOF_REQUIRED sends proofs to verify`, list(taskTypes), ['PROOF_REQUIRED'])
    .option('--inputs <count>', 'inputs of a task: a number, or a range such as 1-4', range, [1, 1])
    .option('--max-difficulty <name>', difficulties.join(', '), oneOf(difficulties), 'MEDIUM')
    .option('--rate <tasks>', 'tasks a second, all nodes together', positive, 4)
    .option('--unlimited', 'as many tasks as are asked for')
    .option('--limit <tasks>', 'tasks altogether', integer(1, Number.MAX_SAFE_INTEGER))
    .option('--deadline <seconds>', 'time a task may take', positive, 600)
    .option('--strict-nodes', 'refuse nodes that were not registered here')
    .option('--require-native', 'refuse proofs in a format that cannot be verified here')
    .option('--ledger-file <path>', 'keep the ledger in this file, across restarts')
    .option('--scenario <name[:key=value,...]>', `trouble to make: ${SCENARIOS.map(({ name }) => name).join(', ')}`, scenario)
    .option('--quiet', 'no log but the line that tells the address')
    .parse(argv as string[]);

  const options = program.opts();
  const programs = options['program'] as ProgramId[];
  if (options['n'] > 255 && programs.includes('fast-fib')) {
    if (program.getOptionValueSource('program') === 'cli') program.error('error: n of fast-fib is at most 255');
    // A larger n can only be meant for the one program that takes it.
    programs.splice(programs.indexOf('fast-fib'), 1);
  }
  return {
    port: options['port'] ?? portFrom(env, program),
    seed: options['seed'],
    programs,
    n: options['n'],
    a: options['a'],
    b: options['b'],
    taskTypes: options['taskTypes'],
    inputs: options['inputs'],
    maxDifficulty: options['maxDifficulty'],
    rate: options['unlimited'] ? null : options['rate'],
    limit: options['limit'] ?? null,
    deadlineMs: options['deadline'] * 1000,
    strictNodes: options['strictNodes'] ?? false,
    requireNative: options['requireNative'] ?? false,
    ledgerFile: options['ledgerFile'],
    scenario: options['scenario'],
    quiet: options['quiet'] ?? false,
  };
}

function portFrom(env: NodeJS.ProcessEnv, program: Command): number {
  const text = env['PROVEFLEET_ORCHESTRATOR_PORT'];
  if (!text) return DEFAULT_PORT;
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) program.error(`error: PROVEFLEET_ORCHESTRATOR_PORT is "${text}", not a port`);
  return Number(text);
}

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) throw new InvalidArgumentError(`a whole number from ${min} to ${max}`);
    return value;
  };
}

function positive(text: string): number {
  const value = Number(text);
  if (!(Number.isFinite(value) && value > 0)) throw new InvalidArgumentError('a number above 0');
  return value;
}

function range(text: string): [number, number] {
  const [, min, max] = /^(\d{1,3})(?:-(\d{1,3}))?$/.exec(text) ?? [];
  const bounds: [number, number] = [Number(min), Number(max ?? min)];
  if (min === undefined || bounds[0] < 1 || bounds[1] < bounds[0]) throw new InvalidArgumentError('a number from 1, or a range such as 1-4');
  return bounds;
}

function oneOf<Name extends string>(names: readonly Name[]): (text: string) => Name {
  return (text) => {
    const found = names.find((name) => name === text);
    if (!found) throw new InvalidArgumentError(`one of ${names.join(', ')}`);
    return found;
  };
}

function list<Name extends string>(names: readonly Name[]): (text: string) => Name[] {
  return (text) => (text === 'all' ? [...names] : [...new Set(text.split(',').map(oneOf(names)))]);
}

function scenario(text: string): ScenarioChoice {
  try {
    return parseScenario(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}
