import * as promises from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentError } from '../errors.js';

/** The part of `node:fs/promises` the agent's state uses; injected so that tests can fill the disk or tear a write. */
export type FileSystem = Pick<typeof promises, 'chmod' | 'link' | 'mkdir' | 'open' | 'readdir' | 'readFile' | 'rename' | 'stat' | 'unlink'>;

export const nodeFileSystem: FileSystem = promises;

export const FILE_MODE = 0o600;
export const DIRECTORY_MODE = 0o700;

/** Suffix of files being written. One that is found at start is the trace of a stop in mid-write and is removed. */
export const TEMPORARY_SUFFIX = '.tmp';

let temporaryCounter = 0;

/**
 * Replaces a file so that after any stop, even of the machine, either the old content or the whole new content is
 * there. The content is on the device when the promise resolves.
 * @throws the file system's own error; the old file is then untouched.
 */
export async function writeAtomic(fs: FileSystem, path: string, content: Uint8Array | string, syncNames: (directory: string) => Promise<void> = (directory) => syncDirectory(fs, directory)): Promise<void> {
  await replace(fs, path, content, true);
  await syncNames(dirname(path));
}

/**
 * As {@link writeAtomic}, but left to the system to bring to the device: survives any end of the process, and not
 * always one of the machine.
 */
export async function writeAtomicLazily(fs: FileSystem, path: string, content: Uint8Array | string): Promise<void> {
  await replace(fs, path, content, false);
}

async function replace(fs: FileSystem, path: string, content: Uint8Array | string, durable: boolean): Promise<void> {
  const temporary = `${path}.${process.pid}-${++temporaryCounter}${TEMPORARY_SUFFIX}`;
  try {
    const handle = await fs.open(temporary, 'wx', FILE_MODE);
    try {
      await handle.writeFile(content);
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await fs.rename(temporary, path);
  } catch (error) {
    await removeIfThere(fs, temporary);
    throw error;
  }
}

/** Makes created, renamed and removed names of a directory durable. */
export async function syncDirectory(fs: FileSystem, directory: string): Promise<void> {
  const handle = await fs.open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** {@link syncDirectory} for many callers: those who come while one sync runs share the next. */
export class DirectorySync {
  private running: Promise<void> | null = null;
  private next: Promise<void> | null = null;

  constructor(private readonly fs: FileSystem, private readonly directory: string) {}

  sync(): Promise<void> {
    if (this.running === null) return this.start();
    // What runs may have begun before the caller's change.
    this.next ??= this.running.catch(() => undefined).then(() => this.start());
    return this.next;
  }

  private start(): Promise<void> {
    this.next = null;
    const run = syncDirectory(this.fs, this.directory).finally(() => {
      if (this.running === run) this.running = null;
    });
    this.running = run;
    return run;
  }
}

/** Reads a file; null when there is none. */
export async function readIfThere(fs: FileSystem, path: string): Promise<Buffer | null> {
  try {
    return await fs.readFile(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Removes a file; a missing one is fine. */
export async function removeIfThere(fs: FileSystem, path: string): Promise<void> {
  try {
    await fs.unlink(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Makes a directory only its owner can enter, with its parents. */
export async function ensureDirectory(fs: FileSystem, path: string): Promise<void> {
  await fs.mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
}

/**
 * Refuses a file or directory that others than its owner may read or write.
 * @throws AgentError `StateUnsafe` with the command that cures it.
 */
export async function requirePrivate(fs: FileSystem, path: string, kind: 'file' | 'directory'): Promise<void> {
  const { mode } = await fs.stat(path);
  if ((mode & 0o077) === 0) return;
  const wanted = kind === 'file' ? '600' : '700';
  throw new AgentError('StateUnsafe', `${kind} ${path} may be used by others (mode ${(mode & 0o777).toString(8)}); it must be ${wanted}. Run: chmod ${wanted} ${path}`);
}

/** The `code` of a system error such as `ENOSPC`; empty when it has none. */
export function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
