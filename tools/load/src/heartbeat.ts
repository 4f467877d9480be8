import type { DesiredDocument, Heartbeat, MachineFacts } from '@provefleet/fleet-protocol';
import type { EventSource } from './events.js';
import type { SeededRandom } from './random.js';

const GIB = 2 ** 30;
const MODELS = [
  { cpuModel: 'AMD EPYC 7543 32-Core Processor', cpuCores: 32, memoryBytes: 128 * GIB },
  { cpuModel: 'Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz', cpuCores: 16, memoryBytes: 64 * GIB },
  { cpuModel: 'AMD Ryzen 9 7950X 16-Core Processor', cpuCores: 16, memoryBytes: 32 * GIB },
] as const;

export function makeFacts(name: string, random: SeededRandom): MachineFacts {
  return {
    hostname: `${name}.load.invalid`,
    os: 'Linux 6.8 (simulated)',
    arch: 'x64',
    ...random.pick(MODELS),
    cpuFeatures: ['avx2', 'bmi2', 'sse4.2'],
    agentVersion: '0.1.0-load',
    nodeVersion: process.versions.node,
    prover: { backend: 'native', version: '0.1.0', cpuBuild: 'x86-64-v3', securityBits: 96 },
  };
}

export interface MachineView {
  readonly index: number;
  readonly workers: number;
  readonly startedAt: number;
  readonly facts: MachineFacts;
  readonly publicKey: string;
  readonly events: EventSource;
  readonly outboxEvents: number;
  readonly revision: number;
  readonly document: DesiredDocument;
}

/** A heartbeat as an agent at work sends it. */
export function makeHeartbeat(machine: MachineView, now: number, random: SeededRandom): Heartbeat {
  const { events, document, facts } = machine;
  const workers = document.paused ? 0 : machine.workers;
  const { accepted, refused, expired, failed } = events.settled;
  return {
    at: now,
    state: document.paused ? 'paused' : 'proving',
    reason: document.paused ? document.pauseNote : '',
    since: machine.startedAt,
    startedAt: machine.startedAt,
    gauges: {
      cpu: document.paused ? 0.02 : 0.6 + 0.4 * random.next(),
      memoryUsedBytes: Math.floor(facts.memoryBytes * (0.2 + 0.1 * random.next())),
      memoryTotalBytes: facts.memoryBytes,
      taskQueue: random.integer(0, 10),
      resultQueue: random.integer(0, 2),
      outboxProofs: random.integer(0, 2),
      outboxEvents: machine.outboxEvents,
      eventLoopDelayMs: 1 + 4 * random.next(),
    },
    counters: { fetched: events.fetched, accepted, refused, expired, failed, workerRestarts: 0, droppedEvents: 0 },
    workers: Array.from({ length: workers }, (_, worker) => ({
      id: worker + 1,
      state: 'proving' as const,
      taskId: `load-${machine.index}-${events.fetched}`,
      program: 'fib_input_initial',
      stage: 'commit',
      since: now,
      restarts: 0,
      cause: '',
      memoryBytes: 300_000_000,
    })),
    nodes: [{ nodeId: `load-${machine.index}`, signingKey: machine.publicKey, nextFetchAt: now + 1000, throttledUntil: null }],
    observed: { revision: machine.revision, document, workers, rejected: null },
  };
}
