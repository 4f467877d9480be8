import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { JOIN_TOKEN } from './control-plane.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one command of the built agent to its end. */
export async function command(args: readonly string[], env: Record<string, string> = {}): Promise<CommandResult> {
  const child = spawn(process.execPath, [MAIN, ...args], { env: cleanEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  const result = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (result.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (result.stderr += text));
  const code = await new Promise<number | null>((resolve) => child.on('close', (exit) => resolve(exit)));
  return { code, ...result };
}

/** A state directory of its own, removed by the returned function. */
export async function temporaryState(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'provefleet-agent-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export function joinArguments(controlPlane: string, orchestrator: string, stateDirectory: string): string[] {
  return ['join', controlPlane, '--orchestrator-url', orchestrator, '--name', 'test', '--status-port', '0', '--state-dir', stateDirectory];
}

export const joinEnvironment = { PROVEFLEET_JOIN_TOKEN: JOIN_TOKEN };

/** A running agent with everything it logs. */
export class AgentProcess {
  log = '';
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  private readonly child: ChildProcess;

  constructor(stateDirectory: string, entry = MAIN, args: readonly string[] = ['run', '--state-dir', stateDirectory]) {
    this.child = spawn(process.execPath, [entry, ...args], { env: cleanEnvironment({}), stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => (this.log += text));
    this.exited = new Promise((resolve) => this.child.on('close', (code, signal) => resolve({ code, signal })));
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the agent did not start');
    return this.child.pid;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    this.kill(signal);
    return this.exited;
  }
}

/** Variables of the test runner must not change what a user's agent does. */
function cleanEnvironment(extra: Record<string, string>): NodeJS.ProcessEnv {
  const env = { ...process.env, ...extra };
  delete env['NODE_OPTIONS'];
  return env;
}

/** Waits until the condition holds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, agent: AgentProcess | null = null, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}\n${agent?.log.slice(-4000) ?? ''}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
