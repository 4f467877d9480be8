import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AgentProcess, command, joinArguments, joinEnvironment, temporaryState } from './agent-process.js';
import { TestControlPlane } from './control-plane.js';
import { TestOrchestrator } from './orchestrator.js';

/** An orchestrator, a control plane and one machine that has joined, on loopback. */
export class TestFleet {
  readonly orchestrator = new TestOrchestrator();
  readonly controlPlane = new TestControlPlane();
  agent: AgentProcess | null = null;
  /** What all agents of this fleet have logged. */
  private earlierLogs = '';
  private removeState: () => Promise<void> = async () => undefined;
  stateDirectory = '';

  static async start(): Promise<TestFleet> {
    const fleet = new TestFleet();
    await fleet.orchestrator.start();
    await fleet.controlPlane.start();
    const state = await temporaryState();
    fleet.stateDirectory = state.path;
    fleet.removeState = state.remove;
    const joined = await command(joinArguments(fleet.controlPlane.url, fleet.orchestrator.url, state.path), joinEnvironment);
    if (joined.code !== 0) throw new Error(`join failed: ${joined.stderr}`);
    return fleet;
  }

  get logs(): string {
    return this.earlierLogs + (this.agent?.log ?? '');
  }

  /** Starts the agent, again when it ran before. */
  run(): AgentProcess {
    this.earlierLogs = this.logs;
    this.agent = new AgentProcess(this.stateDirectory);
    return this.agent;
  }

  /** Changes the machine's agent.json; for the next start. */
  async configure(changes: Readonly<Record<string, unknown>>): Promise<void> {
    const path = join(this.stateDirectory, 'agent.json');
    const configuration = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    await writeFile(path, JSON.stringify({ ...configuration, ...changes }));
  }

  async end(): Promise<void> {
    if (this.agent?.running) await this.agent.end('SIGKILL');
    await this.orchestrator.stop();
    await this.controlPlane.stop();
    await this.removeState();
  }
}

/** Ids of the worker processes of an agent. */
export async function workerPids(agent: AgentProcess): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'pid=', '--ppid', String(agent.pid)]);
  return stdout.split('\n').map(Number).filter((pid) => pid > 0);
}
