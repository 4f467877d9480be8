import { createNativeBackend } from '@provefleet/prover-native';
import { measureAddon } from './measure.js';
import { formatNumber, type Report, type Target } from './report.js';
import { median } from './statistics.js';

export const SIZES: readonly number[] = [9, 1000, 65_535, 2 ** 20];

/** What was promised for the build for x86-64-v3 on two cores: the most milliseconds for a warm proof. */
const PROVE_LIMITS_MS: Readonly<Record<number, number>> = { 9: 3, 65_535: 150 };

/** Prove and verify medians of each size on each CPU build that this machine can run. */
export async function benchProver({ threads, runs, sizes }: { threads: number; runs: number; sizes: readonly number[] }): Promise<Report> {
  const rows: (string | number)[][] = [];
  const targets: Target[] = [];
  const builds = await runnableBuilds();
  for (const n of sizes) {
    for (const build of builds) {
      const { prove, verify, proofBytes, peakBytes, idleBytes } = await measureAddon({ n, threads, runs: runsFor(n, runs) }, build);
      const proveMs = median(prove);
      rows.push([build, n, runsFor(n, runs), proveMs, Math.min(...prove), median(verify), proofBytes, mib(peakBytes), mib(peakBytes - idleBytes)]);
      const limit = PROVE_LIMITS_MS[n];
      if (build === 'x86-64-v3' && limit !== undefined) {
        targets.push({ what: `proving n = ${formatNumber(n)}, warm`, limit: `≤ ${limit} ms`, measured: `${formatNumber(proveMs)} ms`, reached: proveMs <= limit });
      }
    }
  }
  return {
    name: 'prover',
    notes: [`fib_input_initial on (n, 1, 1) through the addon, ${threads} threads, 96 bits; each row a process of its own, warmed up`],
    columns: ['build', 'n', 'runs', 'prove ms', 'min ms', 'verify ms', 'proof bytes', 'peak MiB', 'above idle'],
    rows,
    targets,
  };
}

/** Builds of the addon that ship for this architecture and that the CPU runs. */
async function runnableBuilds(): Promise<string[]> {
  if (process.arch !== 'x64') return [await loadedBuild()];
  return (await loadedBuild()) === 'x86-64' ? ['x86-64'] : ['x86-64', 'x86-64-v3'];
}

/** The build that is chosen here when nobody asks for one. */
export async function loadedBuild(): Promise<string> {
  const backend = await createNativeBackend({ threads: 1 });
  try {
    return (await backend.capabilities()).cpuBuild;
  } finally {
    await backend.close();
  }
}

/** Large proofs take seconds each: a third of the runs tell as much. */
function runsFor(n: number, runs: number): number {
  return n > 100_000 ? Math.max(3, Math.ceil(runs / 3)) : runs;
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
