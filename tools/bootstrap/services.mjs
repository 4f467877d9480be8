// Child processes that stay: started, waited for, watched, and stopped in the reverse order.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from './steps.mjs';

/** @typedef {{ name: string, child: import('node:child_process').ChildProcess, log: string, exited: Promise<void>, stopping: boolean }} Service */

const tailOf = (file, lines = 15) => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');

export class Services {
  /** @type {Service[]} */
  #running = [];

  /** @param {{ logs: string, onUnexpectedExit?: (message: string) => void }} options `logs`: folder for one log file a service */
  constructor({ logs, onUnexpectedExit = () => {} }) {
    this.logs = logs;
    this.onUnexpectedExit = onUnexpectedExit;
    mkdirSync(logs, { recursive: true });
  }

  /**
   * Starts `node <args>` and waits until `ready` answers true.
   * @param {string} name
   * @param {string[]} args
   * @param {{ env?: Record<string, string>, ready: () => Promise<boolean>, timeoutMs?: number }} options
   */
  async start(name, args, { env = {}, ready, timeoutMs = 60_000 }) {
    const log = join(this.logs, `${name}.log`);
    const out = openSync(log, 'a', 0o600);
    // A group of its own, so that Ctrl-C in the terminal reaches this process alone, which then stops things in order.
    const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', out, out], detached: true });
    closeSync(out);
    const service = { name, child, log, stopping: false, exited: new Promise((resolve) => child.once('close', resolve)) };
    this.#running.push(service);
    child.once('close', (code, signal) => {
      this.#running = this.#running.filter((other) => other !== service);
      if (!service.stopping && service.isReady) this.onUnexpectedExit(`The ${name} ended by itself (${signal ?? `exit code ${code}`}). Its last lines:\n${tailOf(log)}`);
    });
    const deadline = Date.now() + timeoutMs;
    while (!(await ready().catch(() => false))) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`The ${name} did not start (${child.signalCode ?? `exit code ${child.exitCode}`}). Its last lines:\n${tailOf(log)}`);
      if (Date.now() > deadline) throw new Error(`The ${name} was not ready after ${timeoutMs / 1000} s. Its last lines:\n${tailOf(log)}`);
      await sleep(100);
    }
    service.isReady = true;
    return service;
  }

  /** Asks one service to end, and kills it when it has not by the deadline. */
  async stop(service, { signal = 'SIGTERM', graceMs = 20_000 } = {}) {
    service.stopping = true;
    service.child.kill(signal);
    const late = setTimeout(() => service.child.kill('SIGKILL'), graceMs);
    await service.exited;
    clearTimeout(late);
  }

  /** Ends all, the last started first. */
  async stopAll() {
    for (const service of [...this.#running].reverse()) await this.stop(service);
  }
}

/** True when the address answers with a 2xx. */
export const answers = async (url) => (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
