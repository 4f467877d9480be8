import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { ProverError } from '@provefleet/prover';
import { Command, InvalidArgumentError } from 'commander';
import { benchLeak } from './leak.js';
import { benchOverhead } from './overhead.js';
import { benchPipeline } from './pipeline.js';
import { BenchError } from './processes.js';
import { benchProver, SIZES } from './prover.js';
import { describeMachine, renderText, type Report } from './report.js';

interface CommonOptions {
  json: boolean;
  output?: string;
  check: boolean;
}

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max) throw new InvalidArgumentError(`must be an integer from ${min} to ${max}`);
    return value;
  };
}

function sizeList(text: string): number[] {
  return text.split(',').map(integer(0, 2 ** 20));
}

const program = new Command('bench').description('Measures Provefleet on this machine. Ratios are of runs side by side; absolute times are of this machine alone.');

function command<T>(name: string, description: string, measure: (options: T) => Promise<Report>): Command {
  return program
    .command(name)
    .description(description)
    .option('--json', 'print JSON instead of a table', false)
    .option('--output <file>', 'write the JSON to this file too')
    .option('--check', 'exit 1 when a target is missed', false)
    .action(async (options: T & CommonOptions) => {
      const machine = describeMachine();
      const report = await measure(options);
      const json = JSON.stringify({ machine, ...report }, null, 2);
      process.stdout.write(options.json ? `${json}\n` : renderText(report, machine));
      if (options.output) writeFileSync(options.output, `${json}\n`);
      if (options.check && report.targets.some(({ reached }) => !reached)) process.exitCode = 1;
    });
}

const threads = availableParallelism();

command('prover', 'prove and verify times, proof size and peak memory, on each CPU build', benchProver)
  .option('--threads <count>', 'threads of a proof', integer(1, 1024), threads)
  .option('--runs <count>', 'runs of each size', integer(1, 10_000), 21)
  .option('--sizes <n,...>', 'values of n', sizeList, [...SIZES]);
command('overhead', 'the addon and a worker process over the Rust crate alone', benchOverhead)
  .option('--threads <count>', 'threads of a proof', integer(1, 1024), threads)
  .option('--runs <count>', 'runs of each size in a round', integer(1, 10_000), 21)
  .option('--rounds <count>', 'rounds', integer(1, 1000), 5)
  .option('--sizes <n,...>', 'values of n', sizeList, [9, 1000, 65_535]);
command('pipeline', 'proofs per second through the whole agent over the bare addon', benchPipeline)
  .option('--n <n>', 'size of each task', integer(0, 2 ** 20), 65_535)
  .option('--rounds <count>', 'rounds', integer(1, 1000), 3)
  .option('--seconds <count>', 'length of each measurement', integer(1, 3600), 10);
command('leak', 'resident memory of one worker process over many proofs', benchLeak)
  .option('--threads <count>', 'threads of a proof', integer(1, 1024), threads)
  .option('--proofs <count>', 'proofs to make', integer(200, 1_000_000), 1000);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof BenchError) && !(error instanceof ProverError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
}
