#!/usr/bin/env node
// Stands in for the network's client: the same command line, exit codes and streams, and bytes that are no real proof.
// STAND_IN says how it misbehaves.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';

const [command, option, inputs, ...rest] = process.argv.slice(2);
const behaviour = process.env.STAND_IN ?? 'well';

if (command === '--version') {
  if (behaviour === 'no-version') process.exit(1);
  console.log('nexus-network 0.10.18');
} else if (command !== 'prove-fib-subprocess' || option !== '--inputs' || rest.length > 0 || behaviour === 'old') {
  console.error(`error: unrecognized subcommand '${command}'`);
  process.exit(2);
} else {
  const numbers = JSON.parse(inputs);
  if (!Array.isArray(numbers) || numbers.length !== 3 || !numbers.every((number) => Number.isInteger(number) && number >= 0 && number <= 0xffff_ffff)) {
    console.error(`invalid inputs ${inputs}`);
    process.exit(3);
  }
  await act(numbers);
}

async function act(numbers) {
  switch (behaviour) {
    case 'inner-error':
      console.error('\x1b[31mError\x1b[0m: failed to generate proof\n  for these inputs');
      process.exit(3);
      break;
    case 'out-of-memory':
      process.kill(process.pid, 'SIGKILL');
      break;
    case 'crash':
      process.kill(process.pid, 'SIGABRT');
      break;
    case 'flood':
      for (;;) await write(Buffer.alloc(1 << 20));
      break;
    case 'hang': {
      // A child that holds the pipes too: only a kill of the whole group ends both.
      const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });
      writeFileSync(process.env.STAND_IN_PIDS, `${process.pid} ${child.pid}`);
      setInterval(() => {}, 1000);
      break;
    }
    case 'environment':
      await write(Buffer.from(JSON.stringify(process.env)));
      break;
    default:
      await write(createHash('sha512').update(JSON.stringify(numbers)).digest());
  }
}

function write(bytes) {
  return new Promise((resolve) => process.stdout.write(bytes, resolve));
}
