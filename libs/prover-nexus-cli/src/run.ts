import { spawn } from 'node:child_process';

/** Of what a program says on stderr, the last bytes are kept: there the cause stands. */
const STDERR_BYTES = 4096;

/** Largest text made of it, in characters: an event's reason holds 500. */
const MESSAGE_CHARACTERS = 300;

export interface RunOptions {
  /** Most bytes taken from stdout; one more and the program is killed. */
  readonly maxStdoutBytes: number;
  readonly env: NodeJS.ProcessEnv;
  /** Kills the program and all it started. */
  readonly signal: AbortSignal;
}

export interface RunResult {
  readonly stdout: Uint8Array;
  /** End of what it said on stderr, in one line without control characters. */
  readonly stderr: string;
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** The signal that ended it, or null. */
  readonly killedBy: NodeJS.Signals | null;
  /** True when it was killed for writing more than `maxStdoutBytes`. */
  readonly tooLarge: boolean;
}

/**
 * Runs a program to its end, without a shell and without input.
 * @throws the system's error (`ENOENT`, `EACCES` …) when it could not be started. An abort is no error here: the result
 *   says what ended the program.
 */
export function run(path: string, args: readonly string[], { maxStdoutBytes, env, signal }: RunOptions): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    // A process group of its own, so that whatever the program starts is killed with it.
    const child = spawn(path, args, { detached: true, env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    const stdout: Buffer[] = [];
    let stdoutBytes = 0;
    let tooLarge = false;
    let stderr = Buffer.alloc(0);

    const kill = () => {
      if (child.pid !== undefined) killGroup(child.pid);
    };
    const finished = () => {
      signal.removeEventListener('abort', kill);
      process.removeListener('exit', kill);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      stdoutBytes += chunk.length;
      if (stdoutBytes <= maxStdoutBytes) {
        stdout.push(chunk);
      } else if (!tooLarge) {
        tooLarge = true;
        stdout.length = 0;
        kill();
      }
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = Buffer.concat([stderr, chunk]).subarray(-STDERR_BYTES);
    });
    child.once('error', (error) => {
      finished();
      reject(error);
    });
    // `close` and not `exit`: both pipes are at their end then.
    child.once('close', (exitCode, killedBy) => {
      finished();
      resolve({ stdout: Buffer.concat(stdout), stderr: readableEnd(stderr), exitCode, killedBy, tooLarge });
    });
    signal.addEventListener('abort', kill, { once: true });
    if (signal.aborted) kill();
    // A proof that nobody waits for any more would keep the cores busy.
    process.once('exit', kill);
  });
}

/** Makes foreign output fit for a log line and a dashboard: colours and control characters out, one line, bounded. */
export function readableEnd(bytes: Uint8Array): string {
  const text = new TextDecoder()
    .decode(bytes)
    // eslint-disable-next-line no-control-regex -- the escape character is what is looked for
    .replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '')
    .replace(/[\p{Cc}\p{Cs}\s]+/gu, ' ')
    .trim();
  const characters = [...text];
  return characters.length <= MESSAGE_CHARACTERS ? text : `…${characters.slice(1 - MESSAGE_CHARACTERS).join('')}`;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // ESRCH: it ended meanwhile, which is what was wanted.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
