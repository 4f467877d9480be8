import { fork, type ChildProcess } from 'node:child_process';
import { builtFile } from './processes.js';

/** The messages of the agent's worker process that a measurement needs. */
type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'proved'; readonly memoryBytes: number }
  | { readonly type: 'unavailable' | 'failed'; readonly error: { readonly code: string; readonly message: string } }
  | { readonly type: 'stage' | 'memory' | 'returned' };

/** One of the agent's worker processes, started as the agent starts it. */
export class WorkerProcess {
  private jobId = 0;

  private constructor(private readonly child: ChildProcess) {}

  static async start(threads: number, env: Readonly<Record<string, string>> = {}): Promise<WorkerProcess> {
    const entry = builtFile('apps/agent/dist/worker.js', 'agent');
    const child = fork(entry, [], { serialization: 'advanced', execArgv: ['--max-semi-space-size=1'], env: { ...process.env, ...env } });
    const worker = new WorkerProcess(child);
    const ready = worker.answer('ready');
    child.send({ type: 'init', backend: 'native', threads, memoryBudgetBytes: null });
    await ready;
    return worker;
  }

  /** Proves and verifies one job there; gives the worker's resident memory in bytes. */
  async prove(job: { readonly program: string; readonly input: Uint8Array }): Promise<number> {
    const proved = this.answer('proved');
    this.child.send({ type: 'prove', jobId: ++this.jobId, ...job });
    return (await proved).memoryBytes;
  }

  async stop(): Promise<void> {
    const gone = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
    this.child.send({ type: 'stop' });
    await gone;
  }

  private answer<T extends FromWorker['type']>(wanted: T): Promise<Extract<FromWorker, { type: T }>> {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.child.off('message', onMessage);
        this.child.off('exit', onExit);
      };
      const onMessage = (raw: unknown) => {
        const message = raw as FromWorker;
        if (message.type === wanted) {
          done();
          resolve(message as Extract<FromWorker, { type: T }>);
        } else if ('error' in message) {
          done();
          reject(new Error(`the worker answers ${message.error.code}: ${message.error.message}`));
        }
      };
      const onExit = (code: number | null, signal: NodeJS.Signals | null) => reject(new Error(`the worker ended (${signal ?? code})`));
      this.child.on('message', onMessage);
      this.child.once('exit', onExit);
    });
  }
}
