import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../config/clock.js';
import { CONFIG, type Config, ConfigError } from '../config/config.js';
import { LOGGER, type Logger } from '../config/logger.js';
import type { RouteOutput } from '../api/route.js';
import type { Routes } from '../api/routes.js';
import { HealthRepository } from './health.repository.js';

const VERSION = '0.1.0';
const RETRY_MS = 1_000;
const START_TIMEOUT_MS = 60_000;

@Injectable()
export class HealthService {
  private readonly startedAt: number;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly health: HealthRepository,
  ) {
    this.startedAt = clock();
  }

  async check(): Promise<RouteOutput<Routes['getHealth']>> {
    const isUp = await this.health.ping().then(
      () => true,
      () => false, // the answer itself says so
    );
    const now = this.clock();
    return { status: isUp ? 'ok' : 'degraded', version: VERSION, database: isUp ? 'up' : 'down', uptimeMs: now - this.startedAt, serverTime: now };
  }

  /**
   * Waits at start until the database answers and has its tables.
   * @throws {ConfigError} when it does not within a minute, or when the migrations were not applied
   */
  async waitForDatabase(): Promise<void> {
    const { host, pathname } = new URL(this.config.databaseUrl);
    const database = `${host}${pathname}`;
    for (const deadline = this.clock() + START_TIMEOUT_MS; ; await sleep(RETRY_MS)) {
      try {
        await this.health.ping();
        break;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (this.clock() > deadline) throw new ConfigError(`DATABASE_URL: the database at ${database} does not answer: ${reason}`, { cause: error });
        this.logger.warn({ database, reason }, 'waiting for the database');
      }
    }
    if (!(await this.health.hasTables())) throw new ConfigError(`DATABASE_URL: the database at ${database} has no tables; run \`node tools/bootstrap/migrate.mjs\` first`);
  }
}
