import { encodeInput, FIB_INPUT_INITIAL } from '@provefleet/prover';
import { createNativeBackend } from '@provefleet/prover-native';
import { WARM_UP_RUNS } from '../measure.js';

// Arguments: n, seconds, threads. Proves in a loop and prints proofs per second.
const [n, seconds, threads] = process.argv.slice(2).map(Number) as [number, number, number];
const job = { program: FIB_INPUT_INITIAL, input: encodeInput({ program: FIB_INPUT_INITIAL, n, initA: 1, initB: 1 }) };

const backend = await createNativeBackend({ threads });
for (let i = 0; i < WARM_UP_RUNS; i++) await backend.prove(job, new AbortController().signal);
const started = performance.now();
let proofs = 0;
let now = started;
for (; now - started < seconds * 1000; now = performance.now(), proofs++) await backend.prove(job, new AbortController().signal);
await backend.close();
console.log((proofs / (now - started)) * 1000);
