import { encodeInput, FIB_INPUT_INITIAL } from '@provefleet/prover';
import { PROFILES } from '@provefleet/scheduling';
import { pause, type AgentClock } from '../clock.js';
import type { Logger } from '../logging.js';
import { coreCount, memoryFreeBytes, memoryTotalBytes } from '../status/machine.js';
import type { Job } from '../workers/job.js';
import { WorkerPool } from '../workers/pool.js';
import { kernelMemoryKills, type SpawnWorker } from '../workers/spawn.js';

export interface AnonymousOptions {
  readonly backend: string;
  readonly workers: number;
  readonly clock: AgentClock;
  readonly logger: Logger;
  readonly spawn: SpawnWorker;
}

/** The proof of the network's own demonstration. */
const INPUT = encodeInput({ program: FIB_INPUT_INITIAL, n: 9, initA: 1, initB: 1 });
const JOB_TIMEOUT_MS = 60_000;
const STOP_WITHIN_MS = 5000;

/**
 * Anonymous mode: proves (9, 1, 1) on a timer, for nobody. There is no node, nothing is fetched, nothing is handed in, and
 * every figure it reports says so.
 */
export async function anonymous({ backend, workers, clock, logger, spawn }: AnonymousOptions, signal: AbortSignal): Promise<{ proofs: number; failures: number }> {
  const { anonymousEveryMs, statsEveryMs } = PROFILES['nexus-0.9'];
  const count = { proofs: 0, failures: 0 };
  const pool = new WorkerPool({
    clock,
    spawn,
    backend,
    memoryBudgetBytes: null,
    kernelMemoryKills,
    memory: { totalBytes: memoryTotalBytes(), freeBytes: memoryFreeBytes },
    cores: coreCount(),
    event: ({ workerId, change, cause, level }) => logger[level === 'error' ? 'error' : 'info']({ mode: 'anonymous', worker: workerId, cause: cause || undefined }, `worker ${change}`),
    changed: () => undefined,
  });
  const job = (): Job => ({
    taskId: 'anonymous',
    program: FIB_INPUT_INITIAL,
    input: INPUT,
    timeoutMs: JOB_TIMEOUT_MS,
    estimatedBytes: null,
    settle: (outcome) => {
      if (outcome.ok) count.proofs++;
      else {
        count.failures++;
        logger.error({ mode: 'anonymous', code: outcome.error.code }, outcome.error.message);
      }
    },
  });
  pool.resize(workers);
  let reportAt = clock.now() + statsEveryMs;
  while (!signal.aborted) {
    // A full pool makes no backlog: whoever proves for nobody may leave out a turn.
    if (pool.load < workers) await pool.dispatch(job(), signal).catch((error: unknown) => { if (!signal.aborted) throw error; });
    await pause(clock, anonymousEveryMs, signal);
    if (clock.now() < reportAt) continue;
    reportAt = clock.now() + statsEveryMs;
    logger.info({ mode: 'anonymous', ...count }, 'anonymous mode: proofs made here for nobody, none handed in');
  }
  await pool.stop(STOP_WITHIN_MS);
  logger.info({ mode: 'anonymous', ...count }, 'anonymous mode ended');
  return count;
}
