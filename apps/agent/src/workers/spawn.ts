import { fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { errorCode } from '../state/files.js';
import type { FromWorker, ToWorker } from './protocol.js';

/** One operating-system process of a worker, as the supervisor sees it. */
export interface WorkerChild {
  readonly pid: number | undefined;
  send(message: ToWorker): void;
  onMessage(listener: (message: FromWorker) => void): void;
  /** Called once. `problem` says why the process could not even be started. */
  onExit(listener: (code: number | null, signal: NodeJS.Signals | null, problem?: string) => void): void;
  /** SIGKILL. */
  kill(): void;
  /** The end of what it wrote to stderr. */
  lastWords(): string;
}

export type SpawnWorker = () => WorkerChild;

const LAST_WORDS_CHARACTERS = 2000;

/** The young generation sized for the little JavaScript that runs in a worker: its memory then stays where it began. */
const WORKER_FLAGS = ['--max-semi-space-size=1'];

/** Variables a worker must not inherit: it proves, and needs no secret. */
const SECRET_VARIABLES = ['PROVEFLEET_JOIN_TOKEN'];

/**
 * Starts worker processes from the script at `entry`.
 * @param nice CPU priority from 0 (as the agent) to 19 (only what others leave)
 * @param variables given to the workers besides the agent's own
 */
export function forkWorkers(entry: string, nice: number, variables: Readonly<Record<string, string>> = {}): SpawnWorker {
  return () => {
    const env: NodeJS.ProcessEnv = { ...process.env, ...variables };
    for (const name of SECRET_VARIABLES) delete env[name];
    const child = fork(entry, [], { serialization: 'advanced', stdio: ['ignore', 'inherit', 'pipe', 'ipc'], execArgv: WORKER_FLAGS, env });
    let words = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-LAST_WORDS_CHARACTERS);
    });
    if (nice > 0 && child.pid !== undefined) lowerPriority(child.pid, nice);
    return {
      pid: child.pid,
      // A failed send means that the process is going: its exit is reported on its own.
      send: (message) => void (child.connected && child.send(message, () => undefined)),
      onMessage: (listener) => void child.on('message', (message) => listener(message as FromWorker)),
      onExit(listener) {
        let told = false;
        const tell: typeof listener = (...end) => {
          if (!told) listener(...end);
          told = true;
        };
        child.once('exit', (code, signal) => tell(code, signal));
        child.on('error', (error) => {
          if (child.pid === undefined) tell(null, null, error.message);
        });
      },
      kill: () => void child.kill('SIGKILL'),
      lastWords: () => words,
    };
  };
}

function lowerPriority(pid: number, nice: number): void {
  try {
    setPriority(pid, nice);
  } catch (error) {
    // The process may be gone already, which its exit tells; proving at the usual priority is no failure.
    if (errorCode(error) === '') throw error;
  }
}

/** Out-of-memory kills the kernel has counted since boot; null where it does not tell. */
export async function kernelMemoryKills(): Promise<number | null> {
  try {
    const match = /^oom_kill (\d+)$/m.exec(await readFile('/proc/vmstat', 'utf8'));
    return match ? Number(match[1]) : null;
  } catch (error) {
    if (errorCode(error) === '') throw error;
    return null;
  }
}
