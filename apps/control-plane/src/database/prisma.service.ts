import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PrismaPg } from '@prisma/adapter-pg';
import { CONFIG, type Config } from '../config/config.js';
import { LOGGER, type Logger } from '../config/logger.js';
import { Prisma, PrismaClient } from '../generated/prisma/client.js';

/** What a query runs on: the pool, or a transaction. */
export type Database = PrismaClient | Prisma.TransactionClient;
export { Prisma };

const POOL_SIZE = 10;
const CONNECT_TIMEOUT_MS = 5_000;
/** A statement that runs longer is ended by the server: it holds a connection that others wait for. */
const STATEMENT_TIMEOUT_MS = 20_000;

/** The one connection pool. For repositories only. */
@Injectable()
export class PrismaService implements OnApplicationShutdown {
  readonly client: PrismaClient;

  constructor(@Inject(CONFIG) config: Config, @Inject(LOGGER) logger: Logger) {
    const adapter = new PrismaPg(
      { connectionString: config.databaseUrl, max: POOL_SIZE, connectionTimeoutMillis: CONNECT_TIMEOUT_MS, statement_timeout: STATEMENT_TIMEOUT_MS, application_name: 'provefleet-control-plane' },
      // A connection that breaks while idle is replaced by the pool; who needs one meanwhile gets the error itself.
      { onPoolError: (error) => logger.warn({ reason: error.message }, 'lost an idle database connection') },
    );
    this.client = new PrismaClient({ adapter });
  }

  transaction<T>(work: (transaction: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    return this.client.$transaction(work, { maxWait: CONNECT_TIMEOUT_MS + 1_000, timeout: STATEMENT_TIMEOUT_MS });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.client.$disconnect();
  }
}
