import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureAddon } from './measure.js';
import { ROOT, run, runForJson } from './processes.js';
import { loadedBuild } from './prover.js';
import type { Report } from './report.js';
import { median, ratios } from './statistics.js';

/** What the crate's own example prints for one size. */
interface CrateMeasurement {
  readonly prove_ms_median: number;
  readonly verify_ms_median: number;
}

/**
 * What the addon and a worker process cost over the Rust crate alone: time to prove and verify, in turns within each
 * round, each in a fresh process. The crate's program is built exactly as the addon is.
 */
export async function benchOverhead({ threads, runs, rounds, sizes }: { threads: number; runs: number; rounds: number; sizes: readonly number[] }): Promise<Report> {
  const build = await loadedBuild();
  const crate = await buildCrateExample(build);
  const rows: (string | number)[][] = [];
  for (const n of sizes) {
    const times = { crate: [] as number[], addon: [] as number[], worker: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      const alone = await runForJson<CrateMeasurement>(crate, ['--here', '--threads', String(threads), '--runs', String(runs), String(n)]);
      times.crate.push(alone.prove_ms_median + alone.verify_ms_median);
      const addon = await measureAddon({ n, runs, threads }, build);
      times.addon.push(median(addon.prove) + median(addon.verify));
      times.worker.push(median(await measureWorker(n, runs, threads)));
    }
    const [addon, worker] = [ratios(times.addon, times.crate), ratios(times.worker, times.crate)];
    rows.push([n, median(times.crate), median(times.addon), median(times.worker), addon.median, addon.min, addon.max, worker.median, worker.min, worker.max]);
  }
  return {
    name: 'overhead',
    notes: [`prove and verify fib_input_initial on (n, 1, 1), build ${build}, ${threads} threads; ${rounds} rounds in turns, ${runs} runs each; ratios are those of the rounds`],
    columns: ['n', 'crate ms', 'addon ms', 'worker ms', 'addon/crate', 'min', 'max', 'worker/crate', 'min', 'max'],
    rows,
    targets: [],
  };
}

async function buildCrateExample(build: string): Promise<string> {
  const project = join(ROOT, 'libs/prover-native');
  const args = ['../../tools/nx-rust-addon/src/cargo.mjs', 'example', '--crate', 'provefleet-fib', '--example', 'measure', '--build', build];
  return (await run(process.execPath, args, {}, project)).trim();
}

function measureWorker(n: number, runs: number, threads: number): Promise<number[]> {
  const script = fileURLToPath(new URL('./children/worker.js', import.meta.url));
  return runForJson<number[]>(process.execPath, [script, String(n), String(runs), String(threads)]);
}
