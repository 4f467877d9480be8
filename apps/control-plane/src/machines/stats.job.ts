import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CLOCK, type Clock } from '../config/clock.js';
import { LOGGER, type Logger } from '../config/logger.js';
import { StatsRepository } from './stats.repository.js';

const HOUR_EVERY_MS = 2_000;
const DAY_EVERY_MS = 10_000;
/** A computation may take at most this share of the time, however large the fleet. */
const SHARE = 0.1;

/** Keeps the numbers of the machines table fresh: often for a small fleet, less so when it costs more. */
@Injectable()
export class StatsJob implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private readonly failing = new Set<string>();
  private isStopped = false;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly stats: StatsRepository,
  ) {}

  onApplicationBootstrap(): void {
    this.plan('last-hour', HOUR_EVERY_MS, 0, (now) => this.stats.computeLastHour(now));
    this.plan('last-day', DAY_EVERY_MS, HOUR_EVERY_MS / 2, (now) => this.stats.computeLastDay(now));
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
    await Promise.all(this.running);
  }

  private plan(name: string, everyMs: number, delayMs: number, compute: (now: Date) => Promise<void>): void {
    if (this.isStopped) return;
    const run = async () => {
      const startedAt = this.clock();
      try {
        await compute(new Date(startedAt));
        this.failing.delete(name);
      } catch (error) {
        // Once, not every two seconds for as long as the database is away.
        const level = this.failing.has(name) ? 'debug' : 'warn';
        this.failing.add(name);
        this.logger[level]({ job: name, reason: error instanceof Error ? error.message : String(error) }, 'could not compute the machines’ numbers; they stay as they were');
      }
      this.plan(name, everyMs, Math.max(everyMs, (this.clock() - startedAt) / SHARE), compute);
    };
    this.timers.set(
      name,
      setTimeout(() => {
        const done: Promise<void> = run().finally(() => this.running.delete(done));
        this.running.add(done);
      }, delayMs),
    );
  }
}
