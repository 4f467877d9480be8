import { execFile } from 'node:child_process';
import type { AgentClock } from '../clock.js';
import type { Logger } from '../logging.js';

/** Tells systemd how the agent is, when it runs under it (`Type=notify`, `NotifyAccess=all`, `WatchdogSec=`). */
export interface ServiceManager {
  ready(): void;
  stopping(): void;
}

const nobody: ServiceManager = { ready: () => undefined, stopping: () => undefined };

export type Notify = (states: readonly string[], failed: (error: Error) => void) => void;

/** `systemd-notify`, since Node.js has no datagram sockets of the kind it takes. */
const systemdNotify: Notify = (states, failed) => void execFile('systemd-notify', [...states], (error) => error && failed(error));

export function serviceManager(variables: NodeJS.ProcessEnv, clock: AgentClock, logger: Logger, notify: Notify = systemdNotify): ServiceManager {
  if (!variables['NOTIFY_SOCKET']) return nobody;
  let warned = false;
  const tell = (...states: string[]) =>
    notify(states, (error) => {
      if (!warned) logger.warn(`systemd is not told of the agent's state: ${error.message}`);
      warned = true;
    });
  let cancel: () => void = () => undefined;
  const watchdogMs = Number(variables['WATCHDOG_USEC'] ?? 0) / 1000;
  const alive = () => {
    tell('WATCHDOG=1');
    // Twice in the time allowed, from the event loop: a loop that stands still is what the watchdog is for.
    cancel = clock.setTimer(watchdogMs / 2, alive);
  };
  return {
    ready() {
      tell('READY=1');
      if (watchdogMs > 0) alive();
    },
    stopping() {
      cancel();
      tell('STOPPING=1');
    },
  };
}
