import { createNativeBackend } from '@provefleet/prover-native';
import { stdoutLog } from './log.js';
import { parseCommandLine } from './options.js';
import { startOrchestrator } from './server.js';

const { quiet, ...options } = parseCommandLine(process.argv, process.env);
const log = stdoutLog(quiet);

try {
  const verifier = await createNativeBackend({ threads: 1 });
  const running = await startOrchestrator(options, { verifier, log });
  log('listening', { url: running.url, port: running.port });
  const stop = (signal: string): void => {
    log('stopping', { signal, ...running.orchestrator.ledger.stats() });
    void running.stop().then(() => verifier.close());
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  const text = code === 'EADDRINUSE' ? `port ${options.port} is taken; choose another with --port or PROVEFLEET_ORCHESTRATOR_PORT` : message;
  process.stderr.write(`dev-orchestrator: ${text}\n`);
  process.exitCode = 1;
}
