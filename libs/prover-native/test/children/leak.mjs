// Makes and checks proofs of several sizes, one after the other; prints resident memory after `warm` and after `total`.
import { createNativeBackend } from '../../dist/index.js';

const [warm, total] = process.argv.slice(2).map(Number);
const fib = (n) => ({ program: 'fib_input_initial', input: new Uint8Array(Uint32Array.of(n, 1, 1).buffer) });
const jobs = [fib(9), fib(1000), fib(30_000), { program: 'fast-fib', input: Uint8Array.of(47) }, { program: 'fast-fib', input: Uint8Array.of(255) }];

const backend = await createNativeBackend({ threads: 2 });
const resident = {};
for (let i = 1; i <= total; i++) {
  const job = jobs[i % jobs.length];
  const { proof, publicOutput } = await backend.prove(job, new AbortController().signal);
  const verdict = await backend.verify({ ...job, proof, publicOutput });
  if (!verdict.valid) throw new Error(`proof ${i}: ${verdict.reason}`);
  if (i === warm || i === total) resident[i] = process.memoryUsage.rss();
}
await backend.close();
console.log(JSON.stringify(resident));
