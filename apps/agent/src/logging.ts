import { LogFile } from './log-file.js';
import pino, { type DestinationStream, type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Names whose values never reach a log, at the top and one level down. Keys print as their public half besides. */
const SECRET_NAMES = ['token', 'secret', 'secretKey', 'privateKey', 'password', 'authorization', 'cookie'];

/** Structured JSON, one object a line, to stdout and to the file when one is named. */
export function createLogger(level: LogLevel, file?: string, stdout: DestinationStream = pino.destination({ fd: 1, sync: true })): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
  };
  if (file === undefined) return pino(options, stdout);
  return pino(options, pino.multistream([{ level, stream: stdout }, { level, stream: new LogFile({ path: file }) }]));
}
