import { AgentError } from '../errors.js';
import { errorCode, readIfThere, removeIfThere, writeAtomic, type FileSystem } from './files.js';

const MOST_ATTEMPTS = 50;
const RETRY_MS = 20;

interface Holder {
  readonly pid: number;
  /** When that process started, in clock ticks since boot: tells a process from a later one with the same id. */
  readonly startTicks: string | null;
}

export interface ProcessTable {
  isAlive(pid: number): boolean;
  /** Null where the system does not tell. */
  startTicks(pid: number): Promise<string | null>;
}

export function processTable(fs: FileSystem): ProcessTable {
  return {
    isAlive(pid) {
      try {
        process.kill(pid, 0);
        return true;
      } catch (error) {
        return errorCode(error) === 'EPERM';
      }
    },
    async startTicks(pid) {
      const stat = await readIfThere(fs, `/proc/${pid}/stat`);
      // Field 22, counted after the command name, which may hold spaces and is in parentheses.
      return stat?.toString().split(') ').at(-1)?.split(' ')[19] ?? null;
    },
  };
}

/** A lock on the state directory. It does not outlive its process: a lock of a process that is gone is taken over. */
export class StateLock {
  private constructor(private readonly fs: FileSystem, private readonly path: string) {}

  /** @throws AgentError `StateLocked` naming the process that holds it. */
  static async acquire(fs: FileSystem, path: string, processes = processTable(fs), pid = process.pid): Promise<StateLock> {
    const self: Holder = { pid, startTicks: await processes.startTicks(pid) };
    const candidate = `${path}.${pid}`;
    await writeAtomic(fs, candidate, JSON.stringify(self));
    try {
      for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        if (await linkIfFree(fs, candidate, path)) return new StateLock(fs, path);
        await refuseIfHeld(fs, path, processes);
        await removeStale(fs, path, candidate, processes);
      }
      throw new AgentError('StateLocked', `the lock ${path} changes hands too fast; other agents are starting on the same state directory`);
    } finally {
      await removeIfThere(fs, candidate);
    }
  }

  async release(): Promise<void> {
    await removeIfThere(this.fs, this.path);
  }
}

async function linkIfFree(fs: FileSystem, candidate: string, path: string): Promise<boolean> {
  try {
    await fs.link(candidate, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

async function refuseIfHeld(fs: FileSystem, path: string, processes: ProcessTable): Promise<void> {
  const holder = await readHolder(fs, path);
  if (holder && (await holds(holder, processes))) {
    throw new AgentError('StateLocked', `process ${holder.pid} already runs an agent on this state directory (${path}); stop it, or choose another with --state-dir`);
  }
}

/** Removes a lock whose process is gone. One process at a time, so that none removes the lock another has just taken. */
async function removeStale(fs: FileSystem, path: string, candidate: string, processes: ProcessTable): Promise<void> {
  const right = `${path}.takeover`;
  if (!(await linkIfFree(fs, candidate, right))) {
    const owner = await readHolder(fs, right);
    if (owner === null || !(await holds(owner, processes))) await removeIfThere(fs, right);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    return;
  }
  try {
    await refuseIfHeld(fs, path, processes);
    await removeIfThere(fs, path);
  } finally {
    await removeIfThere(fs, right);
  }
}

async function readHolder(fs: FileSystem, path: string): Promise<Holder | null> {
  const text = (await readIfThere(fs, path))?.toString();
  if (text === undefined) return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || typeof value.pid !== 'number') return null;
    const ticks = 'startTicks' in value && typeof value.startTicks === 'string' ? value.startTicks : null;
    return { pid: value.pid, startTicks: ticks };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

async function holds(holder: Holder, processes: ProcessTable): Promise<boolean> {
  if (!processes.isAlive(holder.pid)) return false;
  const ticks = await processes.startTicks(holder.pid);
  return ticks === null || holder.startTicks === null || ticks === holder.startTicks;
}
