import { encodeInput, FIB_INPUT_INITIAL } from '@provefleet/prover';
import { WARM_UP_RUNS } from '../measure.js';
import { WorkerProcess } from '../worker-process.js';

// Arguments: n, runs, threads. Prints the milliseconds of each round trip to one worker process, as a JSON list.
const [n, runs, threads] = process.argv.slice(2).map(Number) as [number, number, number];
const job = { program: FIB_INPUT_INITIAL, input: encodeInput({ program: FIB_INPUT_INITIAL, n, initA: 1, initB: 1 }) };

const worker = await WorkerProcess.start(threads);
const roundTrips: number[] = [];
for (let i = -WARM_UP_RUNS; i < runs; i++) {
  const started = performance.now();
  await worker.prove(job);
  if (i >= 0) roundTrips.push(performance.now() - started);
}
await worker.stop();
console.log(JSON.stringify(roundTrips));
