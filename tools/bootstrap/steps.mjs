// Steps with a name, a running clock and their output in a log file: what `npm start` and `npm test` print.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const STATE = process.env.PROVEFLEET_HOME ?? join(ROOT, '.provefleet');
export const LOGS = join(STATE, 'logs');

/** nx without its daemon, its cloud and its full-screen view: the same on a laptop and in CI. */
export const NX_ENVIRONMENT = { NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false', NX_SKIP_NX_CACHE: process.env.NX_SKIP_NX_CACHE ?? 'false' };

const seconds = (from) => `${((Date.now() - from) / 1000).toFixed(1)} s`;

/**
 * Runs `work` under a printed line; on a terminal the line shows the time that passes and the last line of output.
 * @param {string} title
 * @param {(progress: (text: string) => void) => Promise<string | void>} work its answer is shown behind the title
 */
export async function step(title, work) {
  const from = Date.now();
  let last = '';
  const terminal = process.stdout.isTTY;
  const draw = () => process.stdout.write(`\r\x1b[2K  … ${title} ${seconds(from)} ${last}`.slice(0, (process.stdout.columns ?? 80) + 4));
  const timer = terminal ? setInterval(draw, 200) : setInterval(() => console.log(`  … ${title}, ${seconds(from)} ${last}`), 30_000);
  try {
    const note = await work((text) => (last = text));
    console.log(`${terminal ? '\r\x1b[2K' : ''}  ✓ ${title} ${note ? `${note}, ` : ''}${seconds(from)}`);
  } catch (error) {
    console.log(`${terminal ? '\r\x1b[2K' : ''}  ✗ ${title} ${seconds(from)}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

export class CommandError extends Error {
  /** @param {string} output all it printed */
  constructor(title, code, log, output) {
    super(`${title} ended with ${code}.\n${output.trimEnd().split('\n').slice(-40).join('\n')}\nThe whole output: ${log}`);
    this.output = output;
  }
}

/** Longest time one command may take, so that a test that hangs is a failure and not a gate that never closes. */
const COMMAND_TIMEOUT_MS = 30 * 60_000;

/**
 * Runs a command to its end; output goes to `logs/<log>.log`.
 * @param {string} command
 * @param {string[]} args
 * @param {{ log: string, progress?: (line: string) => void, env?: Record<string, string>, cwd?: string }} options
 * @returns {Promise<string>} everything it printed
 */
export function run(command, args, { log, progress = () => {}, env = {}, cwd = ROOT }) {
  mkdirSync(LOGS, { recursive: true });
  const file = join(LOGS, `${log}.log`);
  const sink = createWriteStream(file);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], timeout: COMMAND_TIMEOUT_MS, killSignal: 'SIGKILL' });
    const chunks = [];
    const take = (chunk) => {
      chunks.push(chunk);
      sink.write(chunk);
      const line = chunk.toString().trim().split('\n').at(-1) ?? '';
      progress(line.replace(/\x1b\[[0-9;]*m/g, '').slice(0, 60));
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.once('close', (code, signal) => {
      sink.end();
      const text = Buffer.concat(chunks).toString();
      if (code === 0) resolve(text);
      else reject(new CommandError(`${command} ${args.join(' ')}`.slice(0, 120), signal ?? `exit code ${code}`, file, text));
    });
  });
}

/** Installs the dependencies of the lock file, unless just these are installed. */
export async function install(progress) {
  const wanted = createHash('sha256').update(readFileSync(join(ROOT, 'package-lock.json'))).update(process.version).digest('hex');
  const mark = join(ROOT, 'node_modules', '.provefleet-installed');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return 'already there';
  await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { log: 'install', progress });
  writeFileSync(mark, wanted);
  return undefined;
}

/** Runs nx with the arguments given. */
export const nx = (args, options) => run(join(ROOT, 'node_modules', '.bin', 'nx'), args, { ...options, env: { ...NX_ENVIRONMENT, ...options.env } });
