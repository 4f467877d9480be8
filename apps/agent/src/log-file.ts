import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorCode, FILE_MODE } from './state/files.js';

export interface LogFileOptions {
  readonly path: string;
  /** Size at which the file is put aside and a new one begun. Default 10 MiB. */
  readonly maxBytes?: number;
  /** Files put aside that are kept, as `path.1` (newest) to `path.<n>`. Default 5. */
  readonly keep?: number;
}

/** A log file that does not grow for ever. A log that cannot be written stops nothing: those lines are only on stdout. */
export class LogFile {
  private descriptor: number | null = null;
  private size = 0;
  private readonly maxBytes: number;
  private readonly keep: number;

  constructor(private readonly options: LogFileOptions) {
    this.maxBytes = options.maxBytes ?? 10 * 2 ** 20;
    this.keep = options.keep ?? 5;
  }

  /** Lines that could not be written. */
  lost = 0;

  write(line: string): void {
    try {
      this.descriptor ??= this.open();
      if (this.size >= this.maxBytes) this.rotate();
      this.size += writeSync(this.descriptor, line);
    } catch (error) {
      if (errorCode(error) === '') throw error;
      this.lost++;
    }
  }

  private open(): number {
    mkdirSync(dirname(this.options.path), { recursive: true, mode: 0o700 });
    const descriptor = openSync(this.options.path, 'a', FILE_MODE);
    this.size = fstatSync(descriptor).size;
    return descriptor;
  }

  private rotate(): void {
    const { path } = this.options;
    if (this.descriptor !== null) closeSync(this.descriptor);
    this.descriptor = null;
    for (let number = this.keep; number > 0; number--) {
      const from = number === 1 ? path : `${path}.${number - 1}`;
      if (existsSync(from)) renameSync(from, `${path}.${number}`);
    }
    this.descriptor = this.open();
  }
}
