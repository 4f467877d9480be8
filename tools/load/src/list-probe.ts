import { setTimeout as sleep } from 'node:timers/promises';
import { LatencyRecorder, type LatencySummary } from './latency.js';
import type { ControlPlane } from './rest.js';

const EVERY_MS = 500;

/** What an operator asks for again and again while looking on. */
const PAGES = {
  list: '/machines?limit=100',
  filter: '/machines?limit=100&state=proving,idle&sort=proofsPerMinute&order=desc&q=load-',
  overview: '/overview?range=1h',
} as const;

export type ListReport = { readonly [Page in keyof typeof PAGES]: LatencySummary } & { readonly errors: number };

/** Asks for the dashboard's lists in turn and measures each answer. */
export class ListProbe {
  private readonly latency = { list: new LatencyRecorder(), filter: new LatencyRecorder(), overview: new LatencyRecorder() };
  private errors = 0;
  private stopped = false;
  private running: Promise<void> | null = null;

  constructor(private readonly controlPlane: ControlPlane) {}

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<ListReport> {
    this.stopped = true;
    await this.running;
    const { list, filter, overview } = this.latency;
    return { list: list.summary(), filter: filter.summary(), overview: overview.summary(), errors: this.errors };
  }

  private async run(): Promise<void> {
    const names = Object.keys(PAGES) as (keyof typeof PAGES)[];
    for (let turn = 0; !this.stopped; turn++) {
      const name = names[turn % names.length] ?? 'list';
      const startedAt = performance.now();
      try {
        await this.controlPlane.read(PAGES[name]);
        this.latency[name].add(performance.now() - startedAt);
      } catch {
        // Refused or away, which a run through a restart expects: counted, and shown in the report.
        this.errors += 1;
      }
      await sleep(EVERY_MS);
    }
  }
}
