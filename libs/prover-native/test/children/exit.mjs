// Leaves in the middle of a proof.
import { createNativeBackend } from '../../dist/index.js';

const input = new Uint8Array(Uint32Array.of(2 ** 20, 1, 1).buffer);
const backend = await createNativeBackend({ threads: 2 });
const onStage = (stage) => {
  if (stage === 'commit') process.exit(0);
};
await backend.prove({ program: 'fib_input_initial', input, onStage }, new AbortController().signal);
console.log('the proof was finished first');
process.exitCode = 1;
