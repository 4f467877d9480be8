import type { LoggerService } from '@nestjs/common';
import { type Logger, pino } from 'pino';

/** Injection token of the {@link Logger}. */
export const LOGGER = Symbol('logger');
export type { Logger };

// Handlers log chosen fields only; this is the net below them.
const SECRETS = ['password', 'token', 'cookie', 'authorization', 'databaseUrl', 'signature'];
const REDACT = [...SECRETS, ...SECRETS.map((key) => `*.${key}`), 'req.headers', 'request.headers'];

export const createLogger = (level: string): Logger => pino({ level, redact: { paths: REDACT, censor: '[redacted]' }, base: undefined, timestamp: pino.stdTimeFunctions.isoTime });

/** Nest's own messages through our logger; its start-up chatter is for debugging only. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, context?: string): void {
    this.logger.debug({ context }, String(message));
  }
  error(message: unknown, stack?: string, context?: string): void {
    this.logger.error({ context, stack }, String(message));
  }
  warn(message: unknown, context?: string): void {
    this.logger.warn({ context }, String(message));
  }
}
