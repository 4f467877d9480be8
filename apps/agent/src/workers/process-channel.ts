import type { ToWorker } from './protocol.js';
import type { WorkerChannel } from './run-worker.js';

/** The channel of a forked process to the agent that started it. */
export function processChannel(): WorkerChannel {
  // Ctrl-C in a terminal reaches the whole group; the agent decides when its workers end.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  return {
    send: (message) => void (process.connected && process.send?.(message)),
    onMessage: (listener) => void process.on('message', (message) => listener(message as ToWorker)),
    onDisconnect(listener) {
      process.on('disconnect', listener);
      // The agent may have died while this process was still loading, before anybody listened.
      if (!process.connected) listener();
    },
    exit: (code) => process.exit(code),
    memoryBytes: () => process.memoryUsage.rss(),
    // In KiB by getrusage.
    peakBytes: () => process.resourceUsage().maxRSS * 1024,
    now: () => performance.now(),
    every(milliseconds, call) {
      const timer = setInterval(call, milliseconds);
      return () => clearInterval(timer);
    },
  };
}
