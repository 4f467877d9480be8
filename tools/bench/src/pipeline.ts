import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BenchError, builtFile, runForJson } from './processes.js';
import { formatNumber, type Report } from './report.js';
import { median, ratios } from './statistics.js';

/** Proofs per second through the agent over those of the bare addon, at least. */
const LIMIT = 0.8;
const WORKERS = 2;

interface Stats {
  readonly accepted: number;
  readonly refused: number;
  readonly verified: number;
}

export interface PipelineOptions {
  readonly n: number;
  readonly rounds: number;
  /** How long each side is measured in a round, seconds. */
  readonly seconds: number;
}

/**
 * Proofs per second from task to accepted proof, through the whole agent with two workers, over the bare addon's loop
 * with two threads. The orchestrator does not limit, and verifies every proof on the same cores.
 */
export async function benchPipeline({ n, rounds, seconds }: PipelineOptions): Promise<Report> {
  const [bare, agent]: [number[], number[]] = [[], []];
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    bare.push(await bareRate(n, seconds));
    const through = await agentRate(n, seconds);
    agent.push(through.rate);
    refused += through.refused;
  }
  const ratio = ratios(agent, bare);
  return {
    name: 'pipeline',
    notes: [
      `fib_input_initial with n = ${formatNumber(n)}, ${rounds} rounds in turns of ${seconds} s each; agent: ${WORKERS} workers, profile local, no control plane`,
      `bare: the addon's loop with ${WORKERS} threads, proving only; the agent's workers verify each proof, and so does the orchestrator`,
    ],
    columns: ['n', 'bare proofs/s', 'agent proofs/s', 'ratio', 'min', 'max', 'refused'],
    rows: [[n, median(bare), median(agent), ratio.median, ratio.min, ratio.max, refused]],
    targets: [{ what: 'agent over bare addon', limit: `≥ ${LIMIT}`, measured: formatNumber(ratio.median), reached: ratio.median >= LIMIT }],
  };
}

async function bareRate(n: number, seconds: number): Promise<number> {
  const script = fileURLToPath(new URL('./children/loop.js', import.meta.url));
  return runForJson<number>(process.execPath, [script, String(n), String(seconds), String(WORKERS)]);
}

/** Runs an orchestrator and an agent with a fresh state, and counts what is accepted once it flows. */
async function agentRate(n: number, seconds: number): Promise<{ rate: number; refused: number }> {
  const orchestratorMain = builtFile('tools/dev-orchestrator/dist/main.js', 'dev-orchestrator');
  const agentMain = builtFile('apps/agent/dist/main.js', 'agent');
  const state = await mkdtemp(join(tmpdir(), 'provefleet-bench-'));
  const children: ChildProcess[] = [];
  try {
    const orchestrator = start(orchestratorMain, ['--port', '0', '--unlimited', '--program', 'fib_input_initial', '--n', String(n), '--quiet'], children);
    const url = await listeningAddress(orchestrator);
    await writeState(state, url);
    start(agentMain, ['run', '--state-dir', state], children).stdout?.resume();
    const stats = async () => (await (await fetch(`${url}/dev/stats`)).json()) as Stats;
    await until(async () => (await stats()).accepted >= 20, children);
    const [before, from] = [await stats(), performance.now()];
    await setTimeout(seconds * 1000);
    const [after, to] = [await stats(), performance.now()];
    if (after.verified !== after.accepted) throw new BenchError(`${after.accepted} proofs were accepted, but only ${after.verified} verified`);
    return { rate: ((after.accepted - before.accepted) / (to - from)) * 1000, refused: after.refused };
  } finally {
    await Promise.all(children.map(end));
    await rm(state, { recursive: true, force: true });
  }
}

/** The state of an agent that has joined a control plane which is away: it proves all the same. */
async function writeState(directory: string, orchestratorUrl: string): Promise<void> {
  const configuration = {
    version: 1,
    controlPlaneUrl: 'http://127.0.0.1:9',
    machineId: randomUUID(),
    machineName: 'bench',
    environment: 'local',
    orchestratorUrl,
    nodes: [{ id: '10000001' }],
    profile: 'local',
    backend: 'native',
    statusPort: null,
    logLevel: 'error',
  };
  const desired = { revision: 1, document: { workers: WORKERS, paused: false, pauseNote: '' }, approved: true };
  await writeFile(join(directory, 'agent.json'), JSON.stringify(configuration), { mode: 0o600 });
  await writeFile(join(directory, 'desired.json'), JSON.stringify(desired), { mode: 0o600 });
}

function start(main: string, args: readonly string[], children: ChildProcess[]): ChildProcess {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function listeningAddress(orchestrator: ChildProcess): Promise<string> {
  if (!orchestrator.stdout) throw new BenchError('the orchestrator has no output');
  for await (const line of createInterface({ input: orchestrator.stdout })) {
    const { event, url } = JSON.parse(line) as { event: string; url?: string };
    if (event === 'listening' && url) {
      orchestrator.stdout.resume();
      return url;
    }
  }
  throw new BenchError('the orchestrator ended before it listened');
}

async function until(holds: () => Promise<boolean>, children: readonly ChildProcess[]): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await holds())) {
    if (children.some(({ exitCode }) => exitCode !== null)) throw new BenchError('the agent or the orchestrator ended early');
    if (performance.now() > deadline) throw new BenchError('the agent had no 20 proofs accepted within a minute');
    await setTimeout(20);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const late = AbortSignal.timeout(10_000);
  late.addEventListener('abort', () => child.kill('SIGKILL'));
  await gone;
}
