import { readFileSync } from 'node:fs';

const SAMPLE_MS = 1_000;
/** Linux counts a process's time in hundredths of a second, whatever the kernel's own tick. */
const TICKS_PER_SECOND = 100;

export interface ProcessReport {
  /** Most resident memory seen, in bytes. */
  readonly peakBytes: number;
  /** Share of one core over the time it was watched. */
  readonly cores: number;
}

/** Watches memory and processor time of another process, by Linux's /proc. */
export class ProcessProbe {
  private readonly timer: NodeJS.Timeout;
  private readonly startedAt = performance.now();
  private readonly startCpu: number;
  private lastCpu: number;
  private lastAt = this.startedAt;
  private peakBytes = 0;

  /** @throws when there is no such process, or no /proc */
  constructor(private readonly pid: number) {
    this.startCpu = this.lastCpu = this.cpuSeconds();
    this.timer = setInterval(() => this.sample(), SAMPLE_MS);
  }

  stop(): ProcessReport {
    clearInterval(this.timer);
    this.sample();
    return { peakBytes: this.peakBytes, cores: Math.round(((this.lastCpu - this.startCpu) / ((this.lastAt - this.startedAt) / 1000)) * 1000) / 1000 };
  }

  private sample(): void {
    try {
      const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
      this.peakBytes = Math.max(this.peakBytes, Number(resident ?? 0) * 1024);
      this.lastCpu = this.cpuSeconds();
      this.lastAt = performance.now();
    } catch (error) {
      // It ended: the run goes on against whatever takes its place.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && (error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  private cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.pid}/stat`, 'utf8');
    // The second field, the name, may hold spaces; it ends with the last parenthesis.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }
}
