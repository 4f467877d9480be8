import { encodeInput, FAST_FIB, FIB_INPUT_INITIAL, type ProgramInput } from '@provefleet/prover';
import { formatNumber, type Report } from './report.js';
import { WorkerProcess } from './worker-process.js';

const INPUTS: readonly ProgramInput[] = [
  { program: FIB_INPUT_INITIAL, n: 9, initA: 1, initB: 1 },
  { program: FIB_INPUT_INITIAL, n: 1000, initA: 1, initB: 1 },
  { program: FIB_INPUT_INITIAL, n: 30_000, initA: 1, initB: 1 },
  { program: FAST_FIB, n: 47 },
  { program: FAST_FIB, n: 255 },
];

/** Memory after the last proof over that after {@link WARM}, at most. */
const LIMIT = 1.2;
const WARM = 100;

/** Resident memory of one worker process over many proofs of mixed sizes. */
export async function benchLeak({ threads, proofs }: { threads: number; proofs: number }): Promise<Report> {
  const jobs = INPUTS.map((input) => ({ program: input.program, input: encodeInput(input) }));
  const worker = await WorkerProcess.start(threads);
  const rows: [number, number][] = [];
  let warmBytes = Number.NaN;
  let lastBytes = Number.NaN;
  for (let i = 0; i < proofs; ) {
    for (const job of jobs.slice(0, proofs - i)) {
      lastBytes = await worker.prove(job);
      i++;
      if (i === WARM) warmBytes = lastBytes;
      if (i === WARM || i === proofs || i % Math.ceil(proofs / 10) === 0) rows.push([i, Math.round((lastBytes / 2 ** 20) * 10) / 10]);
    }
  }
  await worker.stop();
  const ratio = lastBytes / warmBytes;
  return {
    name: 'leak',
    notes: [`one worker process, ${threads} threads, ${proofs} proofs of five sizes in turn, each verified`],
    columns: ['proofs', 'resident MiB'],
    rows,
    targets: [{ what: `resident memory after ${proofs} proofs over that after ${WARM}`, limit: `≤ ${LIMIT}`, measured: formatNumber(ratio), reached: ratio <= LIMIT }],
  };
}
