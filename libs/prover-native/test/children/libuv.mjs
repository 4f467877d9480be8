// Reads files through libuv's only thread while a large proof is made; prints how many reads ended before the proof.
import { readFile } from 'node:fs/promises';
import { createNativeBackend } from '../../dist/index.js';

const input = new Uint8Array(Uint32Array.of(2 ** 20, 1, 1).buffer);
const backend = await createNativeBackend({ threads: 2 });
let done = false;
const proof = backend.prove({ program: 'fib_input_initial', input }, new AbortController().signal).finally(() => (done = true));
let reads = 0;
while (!done) {
  await readFile(new URL(import.meta.url));
  reads++;
}
await proof;
await backend.close();
console.log(reads);
