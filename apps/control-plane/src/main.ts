import { start } from './app.js';
import { type Config, ConfigError, parseConfig } from './config/config.js';
import { createLogger } from './config/logger.js';

/** A stop that takes longer than this is cut. */
const STOP_MS = 15_000;
const EXIT_CONFIG = 1;

function fail(error: unknown): never {
  if (error instanceof ConfigError) process.stderr.write(`The control plane cannot start.\n${error.message}\n`);
  else if (isListenError(error)) process.stderr.write(`The control plane cannot start.\nPROVEFLEET_CONTROL_PLANE_PORT: ${error.message}\n`);
  else process.stderr.write(`The control plane cannot start.\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(EXIT_CONFIG);
}

const isListenError = (error: unknown): error is Error => error instanceof Error && 'syscall' in error && error.syscall === 'listen';

let config: Config;
try {
  config = parseConfig(process.env);
} catch (error) {
  fail(error);
}
const logger = createLogger(config.logLevel);
const { app } = await start({ config, logger }).catch(fail);

let isStopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (isStopping) process.exit(1); // asked twice
    isStopping = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => process.exit(1), STOP_MS).unref();
    app.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ error }, 'could not stop cleanly');
        process.exit(1);
      },
    );
  });
}
process.on('unhandledRejection', (error) => logger.error({ error }, 'a failure nobody waited for'));
