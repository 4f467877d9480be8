import { Agent } from '../agent.js';
import { NEXUS_CLI_VARIABLE } from '../backends.js';
import { systemClock } from '../clock.js';
import { readConfiguration } from '../configuration/local.js';
import { connectSocket } from '../link/socket.js';
import { createLogger, type Logger } from '../logging.js';
import { nodeFileSystem } from '../state/files.js';
import { StateLock } from '../state/lock.js';
import { prepareState } from '../state/paths.js';
import { AGENT_VERSION } from '../version.js';
import { serviceManager } from './service-manager.js';
import { forkWorkers } from '../workers/spawn.js';

export interface RunOptions {
  readonly stateDirectory: string;
  /** Script of a worker process. */
  readonly workerEntry: string;
  readonly logFile?: string;
}

/** Exit codes shells use for a process that a signal ended. */
const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs an agent until it is told to stop. Resolves after a drain; a second signal ends the process at once.
 * @throws AgentError when it cannot start.
 */
export async function run(options: RunOptions): Promise<void> {
  const fs = nodeFileSystem;
  const paths = await prepareState(fs, options.stateDirectory);
  const configuration = await readConfiguration(fs, paths.configuration);
  const logger = createLogger(configuration.logLevel, options.logFile ?? configuration.logFile);
  const lock = await StateLock.acquire(fs, paths.lock);
  try {
    stopOnFaults(logger);
    // Before the start, so that a signal that comes meanwhile is not lost.
    const told = whenTold(logger);
    const variables: Record<string, string> = configuration.nexusCliPath === undefined ? {} : { [NEXUS_CLI_VARIABLE]: configuration.nexusCliPath };
    const spawn = forkWorkers(options.workerEntry, configuration.nice, variables);
    const agent = await Agent.start({ fs, clock: systemClock, paths, configuration, logger, spawn, connect: connectSocket });
    logger.info({ version: AGENT_VERSION, machine: configuration.machineName, environment: configuration.environment, status: agent.statusUrl, stateDirectory: paths.root }, 'agent started');
    const manager = serviceManager(process.env, systemClock, logger);
    manager.ready();
    const cause = await told;
    manager.stopping();
    await agent.drain(cause);
  } finally {
    await lock.release();
  }
}

function whenTold(logger: Logger): Promise<string> {
  return new Promise((resolve) => {
    let told = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (told) {
          logger.warn(`${signal} again: stops at once; what is unfinished is in the journal`);
          process.exit(SIGNAL_EXIT[signal]);
        }
        told = true;
        resolve(signal);
      });
    }
  });
}

/** A fault nobody caught leaves the process in an unknown state: the state on disk is sound, so it ends and is started again. */
function stopOnFaults(logger: Logger): void {
  const stop = (kind: string) => (error: unknown) => {
    logger.fatal({ error: error instanceof Error ? error.stack : String(error) }, `${kind}: the agent ends; restart it`);
    process.exit(70);
  };
  process.on('uncaughtException', stop('uncaught exception'));
  process.on('unhandledRejection', stop('unhandled rejection'));
}
