import { encodeInput, FIB_INPUT_INITIAL } from '@provefleet/prover';
import { createNativeBackend } from '@provefleet/prover-native';
import { type Measurement, WARM_UP_RUNS } from '../measure.js';

// Arguments: n, runs, threads. Prints one Measurement as JSON.
const [n, runs, threads] = process.argv.slice(2).map(Number) as [number, number, number];
const job = { program: FIB_INPUT_INITIAL, input: encodeInput({ program: FIB_INPUT_INITIAL, n, initA: 1, initB: 1 }) };

const backend = await createNativeBackend({ threads });
const { cpuBuild } = await backend.capabilities();
const idleBytes = process.memoryUsage.rss();
const prove: number[] = [];
const verify: number[] = [];
let proofBytes = 0;
for (let i = -WARM_UP_RUNS; i < runs; i++) {
  const started = performance.now();
  const { proof, publicOutput } = await backend.prove(job, new AbortController().signal);
  const proved = performance.now();
  const verdict = await backend.verify({ ...job, proof, publicOutput });
  const verified = performance.now();
  if (!verdict.valid) throw new Error(`n = ${n}: ${verdict.kind}: ${verdict.reason}`);
  proofBytes = proof.length;
  if (i < 0) continue;
  prove.push(proved - started);
  verify.push(verified - proved);
}
await backend.close();
const measurement: Measurement = { build: cpuBuild, prove, verify, proofBytes, idleBytes, peakBytes: process.resourceUsage().maxRSS * 1024 };
console.log(JSON.stringify(measurement));
