import { Prisma } from '../generated/prisma/client.js';

/** Prisma codes: not reachable, timed out, server closed the connection, none free in the pool, transaction could not start. */
const UNAVAILABLE_CODES: ReadonlySet<string> = new Set(['P1000', 'P1001', 'P1002', 'P1003', 'P1008', 'P1017', 'P2024', 'P2028', 'P2037']);
/** Postgres classes: 08 connection exception, 53 out of resources, 57 operator intervention (shutdown, starting up). */
const UNAVAILABLE_CLASSES = /^(08|53|57)/;
const UNAVAILABLE_TEXT = /ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|Connection terminated|connection timeout|timeout exceeded when trying to connect|Client has encountered a connection error|Can't reach database server|Server has closed the connection/i;
/** Connections are there, all of them taken: the pool's own words, and Prisma's code for them. */
const POOL_EXHAUSTED_TEXT = /timeout exceeded when trying to connect/i;
const POOL_EXHAUSTED_CODE = 'P2024';
const MAX_CAUSES = 5;
const UNIQUE_VIOLATION = 'P2002';

/** Whether the database was away, so that the same work can succeed later; false for work that can never succeed. */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  return causesOf(error).some((cause) => UNAVAILABLE_TEXT.test(cause.message) || codesOf(cause).some((code) => UNAVAILABLE_CODES.has(code) || (code.length === 5 && UNAVAILABLE_CLASSES.test(code))));
}

/** Whether the work waited in vain for one of our own connections: the database may be well and only has too much to do. */
export const isPoolExhausted = (error: unknown): boolean => causesOf(error).some((cause) => POOL_EXHAUSTED_TEXT.test(cause.message) || codesOf(cause).includes(POOL_EXHAUSTED_CODE));

/** An error and what it came from. */
function causesOf(error: unknown): Error[] {
  const causes: Error[] = [];
  for (let cause = error; cause instanceof Error && causes.length < MAX_CAUSES; cause = cause.cause) causes.push(cause);
  return causes;
}

/** Prisma's code, Postgres' code, and the Postgres code inside Prisma's metadata of a raw query. */
function codesOf(error: Error): string[] {
  const { code, originalCode, meta } = error as Error & { code?: unknown; originalCode?: unknown; meta?: { code?: unknown; driverAdapterError?: { cause?: { originalCode?: unknown } } } };
  return [code, originalCode, meta?.code, meta?.driverAdapterError?.cause?.originalCode].filter((value) => typeof value === 'string');
}

/** Whether a row with the same unique key is there already. */
export const isUniqueViolation = (error: unknown): boolean => error instanceof Prisma.PrismaClientKnownRequestError && error.code === UNIQUE_VIOLATION;
