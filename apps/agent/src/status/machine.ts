import { availableParallelism, arch, cpus, freemem, hostname, release, totalmem, type } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MachineFacts } from '@provefleet/fleet-protocol';
import type { Capabilities } from '@provefleet/prover';
import { line } from '../errors.js';
import { AGENT_VERSION } from '../version.js';

/** Memory this process may use, bytes: the machine's, or its container's when that is less. */
export function memoryTotalBytes(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 && constrained < totalmem() ? constrained : totalmem();
}

/** Memory this process could still have, bytes: what is free or would be given up, within its container's limit. */
export function memoryFreeBytes(): number {
  return process.availableMemory();
}

/** Cores this process may use. */
export function coreCount(): number {
  return availableParallelism();
}

export function machineFacts(backend: string, capabilities: Capabilities | null): MachineFacts {
  return {
    hostname: line(hostname(), 255),
    os: line(`${type()} ${release()}`, 120),
    arch: line(arch(), 20),
    cpuModel: line(cpus()[0]?.model ?? 'unknown', 120),
    cpuCores: coreCount(),
    cpuFeatures: (capabilities?.cpuFeatures ?? []).slice(0, 64).map((feature) => line(feature, 24)),
    memoryBytes: memoryTotalBytes(),
    agentVersion: line(AGENT_VERSION, 40),
    nodeVersion: line(process.version, 40),
    prover: {
      backend: line(backend, 40),
      version: line(capabilities?.version ?? '', 40),
      cpuBuild: line(capabilities?.cpuBuild ?? '', 40),
      securityBits: capabilities?.securityBits ?? null,
    },
  };
}

export interface MachineLoad {
  /** 0 to 1 over all cores since the last call. */
  readonly cpu: number;
  readonly memoryUsedBytes: number;
  readonly memoryTotalBytes: number;
  /** Longest delay of the event loop since the last call, milliseconds. */
  readonly eventLoopDelayMs: number;
}

/** Measures the machine's load from one call to the next. */
export class LoadMeter {
  private readonly delay = monitorEventLoopDelay({ resolution: 10 });
  private before = cpuTimes();

  start(): void {
    this.delay.enable();
  }

  stop(): void {
    this.delay.disable();
  }

  read(): MachineLoad {
    const now = cpuTimes();
    const total = now.total - this.before.total;
    const idle = now.idle - this.before.idle;
    this.before = now;
    const longest = this.delay.max / 1e6;
    this.delay.reset();
    return {
      cpu: total > 0 ? Math.min(1, Math.max(0, 1 - idle / total)) : 0,
      memoryUsedBytes: Math.max(0, totalmem() - freemem()),
      memoryTotalBytes: memoryTotalBytes(),
      eventLoopDelayMs: Number.isFinite(longest) ? Math.max(0, longest) : 0,
    };
  }
}

function cpuTimes(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, total };
}
