import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// Started as its users start it: an agent's tests may not import a tool.
const MAIN = fileURLToPath(new URL('../../../../tools/dev-orchestrator/dist/main.js', import.meta.url));

export interface LedgerTask {
  readonly taskId: string;
  readonly nodeId: string;
  readonly program: string;
  readonly state: 'issued' | 'accepted' | 'refused' | 'expired';
  readonly verified: boolean | null;
  readonly reason: string | null;
}

export interface LedgerStats {
  readonly tasks: number;
  readonly issued: number;
  readonly accepted: number;
  readonly refused: number;
  readonly expired: number;
  readonly duplicates: number;
}

/** The development orchestrator in a process of its own. */
export class DevOrchestrator {
  private constructor(private readonly child: ChildProcess, readonly url: string) {}

  static async start(args: readonly string[]): Promise<DevOrchestrator> {
    const child = spawn(process.execPath, [MAIN, '--port', '0', '--quiet', ...args], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } });
    const url = await new Promise<string>((resolve, reject) => {
      let text = '';
      child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const found = /"url":"([^"]+)"/.exec(text)?.[1];
        if (found) resolve(found);
      });
      child.on('close', (code) => reject(new Error(`the dev orchestrator ended with ${code}; is it built?`)));
    });
    return new DevOrchestrator(child, url);
  }

  async ledger(): Promise<LedgerTask[]> {
    const { tasks } = (await (await fetch(`${this.url}/dev/ledger`)).json()) as { tasks: LedgerTask[] };
    return tasks;
  }

  async stats(): Promise<LedgerStats> {
    return (await (await fetch(`${this.url}/dev/stats`)).json()) as LedgerStats;
  }

  async scenario(name: string, params: Readonly<Record<string, number | string>> = {}): Promise<void> {
    const response = await fetch(`${this.url}/dev/scenario`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name, params }) });
    if (!response.ok) throw new Error(`scenario ${name}: ${await response.text()}`);
  }

  async scenarioNames(): Promise<string[]> {
    const { scenarios } = (await (await fetch(`${this.url}/dev/scenario`)).json()) as { scenarios: { name: string }[] };
    return scenarios.map(({ name }) => name);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGTERM');
    await ended;
  }
}
