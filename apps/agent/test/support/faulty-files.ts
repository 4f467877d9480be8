import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFileSystem, type FileSystem } from '../../src/state/files.js';
import { prepareState, type StatePaths } from '../../src/state/paths.js';

/** A real file system on which a test can fill the disk, at once or after some bytes. */
export class FaultyFiles {
  /** Bytes that still fit; then every write fails with ENOSPC. */
  room = Infinity;
  readonly fs: FileSystem = { ...nodeFileSystem, open: (path, flags, mode) => this.open(path, flags, mode) };

  private async open(path: Parameters<FileSystem['open']>[0], flags: Parameters<FileSystem['open']>[1], mode: Parameters<FileSystem['open']>[2]): ReturnType<FileSystem['open']> {
    const handle = await nodeFileSystem.open(path, flags, mode);
    const write = handle.write.bind(handle) as (data: Buffer, offset: number, length: number, position: number) => Promise<{ bytesWritten: number; buffer: Buffer }>;
    const limited = async (data: Buffer, offset = 0, length = data.length, position = 0) => {
      const fitting = Math.min(length, this.room);
      if (fitting <= 0 && length > 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      this.room -= fitting;
      return write(data, offset, fitting, position);
    };
    handle.write = limited as unknown as typeof handle.write;
    handle.writeFile = async (content) => {
      const data = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content as Uint8Array);
      let done = 0;
      while (done < data.length) done += (await limited(data, done, data.length - done, done)).bytesWritten;
    };
    return handle;
  }
}

export interface TemporaryState {
  readonly paths: StatePaths;
  remove(): Promise<void>;
}

export async function temporaryPaths(): Promise<TemporaryState> {
  const root = await mkdtemp(join(tmpdir(), 'provefleet-state-'));
  return { paths: await prepareState(nodeFileSystem, root), remove: () => rm(root, { recursive: true, force: true }) };
}
