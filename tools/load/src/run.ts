import { availableParallelism, loadavg } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from './database.js';
import { Fleet } from './fleet.js';
import { makeFacts } from './heartbeat.js';
import { makeIdentity, type Identity } from './identity.js';
import { ListProbe } from './list-probe.js';
import { SimulatedMachine, type Clock } from './machine.js';
import { readPassword, type LoadOptions } from './options.js';
import { ProcessProbe } from './process-probe.js';
import { SeededRandom } from './random.js';
import type { LoadReport } from './report.js';
import { ControlPlane, RestError } from './rest.js';
import { connectAgent } from './sockets.js';
import { Tally } from './tally.js';
import { Watcher } from './watcher.js';

/** Enrolments at once: fewer than the control plane lets one address try. */
const ENROL_CONCURRENCY = 8;
const CONNECT_TIMEOUT_MS = 120_000;
/** After the load: until everything is acknowledged. */
const DRAIN_TIMEOUT_MS = 120_000;
/** After that: for what is still on its way to the watchers. */
const LINGER_MS = 3_000;
const PROGRESS_MS = 5_000;

const clock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after: (milliseconds, call) => {
    const timer = setTimeout(call, milliseconds);
    return () => clearTimeout(timer);
  },
};

export class LoadError extends Error {
  override readonly name = 'LoadError';
}

/**
 * One whole run: enrol, connect, load, drain, count.
 * @param progress takes a line now and then
 * @throws OptionsError, RestError; LoadError when the fleet cannot be brought up
 */
export async function runLoad(options: LoadOptions, progress: (line: string) => void): Promise<LoadReport> {
  const controlPlane = new ControlPlane(options.controlPlane, options.origin);
  await controlPlane.login(options.adminUser, readPassword(options.adminPasswordFile));
  const database = options.databaseUrl === undefined ? null : new Database(options.databaseUrl);
  await database?.check();

  const startedAt = Date.now();
  const tally = new Tally();
  const { machines, enrolMs } = await enrol(options, controlPlane, tally, progress);
  const fleet = new Fleet(options.seed, clock, machines);
  const connectMs = await connect(fleet, options.connectRate, progress);

  const watchers = Array.from({ length: options.watchers }, () => new Watcher(controlPlane, Date.now(), (description) => tally.fault(null, description)));
  for (const watcher of watchers) watcher.start();
  const lists = new ListProbe(controlPlane);
  lists.start();
  const probe = options.controlPlanePid === undefined ? null : new ProcessProbe(options.controlPlanePid);
  const cpuBefore = process.cpuUsage();
  const loopDelay = monitorEventLoopDelay({ resolution: 5 });
  loopDelay.enable();

  fleet.startLoad(options.eventsPerSecond);
  database?.startSampling(() => fleet.takeNewest());
  await load(fleet, options, progress);
  fleet.stopLoad();
  loopDelay.disable();
  const controlPlaneReport = probe?.stop() ?? null;
  const cpu = process.cpuUsage(cpuBefore);
  const host = { cores: availableParallelism(), load: loadavg()[0] ?? 0 };
  const listReport = await lists.stop();
  const rows = (await database?.stopSampling()) ?? null;

  progress('draining');
  for (const deadline = Date.now() + DRAIN_TIMEOUT_MS; fleet.pending > 0 && Date.now() < deadline; ) await sleep(100);
  await sleep(LINGER_MS);
  const counted = (await database?.count(fleet.expected())) ?? null;
  const report: LoadReport = {
    startedAt: new Date(startedAt).toISOString(),
    seconds: options.duration,
    machines: options.machines,
    eventsPerSecond: options.eventsPerSecond,
    seed: options.seed,
    enrolMs,
    connectMs,
    made: fleet.made,
    pending: fleet.pending,
    tally: tally.report(),
    storms: fleet.stormReport,
    rows,
    counted,
    watchers: watchers.map((watcher) => watcher.report()),
    lists: listReport,
    controlPlane: controlPlaneReport,
    host,
    generator: {
      loopDelayP99: loopDelay.percentile(99) / 1e6,
      loopDelayMax: loopDelay.max / 1e6,
      cores: (cpu.user + cpu.system) / 1e6 / options.duration,
      peakBytes: process.resourceUsage().maxRSS * 1024,
    },
  };
  for (const watcher of watchers) watcher.stop();
  for (const machine of machines) machine.stop();
  await database?.close();
  return report;
}

async function enrol(options: LoadOptions, controlPlane: ControlPlane, tally: Tally, progress: (line: string) => void): Promise<{ machines: SimulatedMachine[]; enrolMs: number }> {
  const startedAt = performance.now();
  const token = await controlPlane.createJoinToken(options.machines);
  const run = startedAt.toString(36).replace('.', '') + Date.now().toString(36);
  const machines: SimulatedMachine[] = new Array(options.machines);
  let next = 0;
  let done = 0;
  const report = setInterval(() => progress(`enrolled ${done} of ${options.machines}`), PROGRESS_MS);
  const enrolSome = async () => {
    for (let index = next++; index < options.machines; index = next++) {
      const identity = makeIdentity(options.seed, index + 1);
      const enrolled = await enrolPatiently(controlPlane, token, identity, options.seed);
      machines[index] = new SimulatedMachine({
        seed: options.seed,
        run,
        identity,
        machineId: enrolled.machineId,
        revision: enrolled.revision,
        document: enrolled.document,
        workers: options.workers,
        connect: () => connectAgent(options.controlPlane),
        clock,
        observer: tally,
      });
      done += 1;
    }
  };
  try {
    await Promise.all(Array.from({ length: ENROL_CONCURRENCY }, enrolSome));
  } finally {
    clearInterval(report);
  }
  return { machines, enrolMs: performance.now() - startedAt };
}

/** Waits and tries again while the control plane says that there are too many at once. */
async function enrolPatiently(controlPlane: ControlPlane, token: string, identity: Identity, seed: string) {
  const facts = makeFacts(identity.name, new SeededRandom(seed, `machine ${identity.index}`));
  for (let attempt = 1; ; attempt++) {
    try {
      return await controlPlane.enrol(token, identity, facts);
    } catch (error) {
      if (!(error instanceof RestError) || error.status !== 429 || attempt === 20) throw error;
      await sleep(1_000 * attempt);
    }
  }
}

async function connect(fleet: Fleet, perSecond: number, progress: (line: string) => void): Promise<number> {
  const startedAt = performance.now();
  for (const [index, machine] of fleet.machines.entries()) {
    const due = (index / perSecond) * 1000;
    const elapsed = performance.now() - startedAt;
    if (due > elapsed) await sleep(due - elapsed);
    machine.start();
  }
  for (let shown = startedAt; fleet.connected < fleet.machines.length; await sleep(50)) {
    const now = performance.now();
    if (now - startedAt > CONNECT_TIMEOUT_MS) throw new LoadError(`only ${fleet.connected} of ${fleet.machines.length} machines could connect within ${CONNECT_TIMEOUT_MS / 1000} s`);
    if (now - shown > PROGRESS_MS) progress(`connected ${fleet.connected} of ${fleet.machines.length}`);
    if (now - shown > PROGRESS_MS) shown = now;
  }
  return performance.now() - startedAt;
}

async function load(fleet: Fleet, { duration, stormEvery, stormShare }: LoadOptions, progress: (line: string) => void): Promise<void> {
  const endsAt = performance.now() + duration * 1000;
  const storms = stormEvery > 0 ? setInterval(() => fleet.storm(stormShare), stormEvery * 1000) : undefined;
  for (let left = duration * 1000; left > 0; left = endsAt - performance.now()) {
    progress(`${Math.round(left / 1000)} s left: ${fleet.made} events made, ${fleet.pending} pending, ${fleet.connected} connected`);
    await sleep(Math.min(PROGRESS_MS, left));
  }
  clearInterval(storms);
}
