#!/usr/bin/env node
// `npm start`: everything set up and running on this machine, with proofs being accepted.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeProblem, portProblem, readPorts, rustProblem, stopOn } from './checks.mjs';
import { LOGS, ROOT, STATE, install, nx, step } from './steps.mjs';

const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
console.log(`\nProvefleet ${version}\n`);

const ports = readPorts();
stopOn(nodeProblem());
stopOn(ports.problem);
stopOn(rustProblem());
stopOn(await portProblem(ports));

const MACHINE = 'local-1';
let stack;
let ending;

/** Stops all of it once; a second call ends at once. */
async function end(code, message) {
  if (ending) process.exit(1);
  ending = true;
  if (message) console.error(`\n${message}`);
  console.log('\nStopping: the agent finishes its proofs first. Ctrl-C again to stop at once.');
  await stack?.stop().catch((error) => console.error(`Stopping was not clean: ${error.message}`));
  console.log('Stopped.');
  process.exit(code);
}
process.on('SIGINT', () => void end(0));
process.on('SIGTERM', () => void end(0));

async function firstAccepted() {
  const deadline = Date.now() + 120_000;
  while (Date.now() < deadline) {
    const accepted = (await stack.ledger()).filter((task) => task.state === 'accepted');
    if (accepted.length > 0) return `${accepted.length} accepted`;
    await sleep(200);
  }
  throw new Error(`No proof was accepted within 2 minutes. See ${relative(process.cwd(), join(LOGS, `${MACHINE}.log`))} and dev-orchestrator.log beside it.`);
}

try {
  await step('Install the dependencies', install);
  await step('Build the prover, the agent, the control plane and the dashboard', async (progress) => {
    await nx(['run-many', '-t', 'build', '-p', 'agent', 'control-plane', 'web', 'dev-orchestrator', '--outputStyle=stream'], { log: 'build', progress });
  });
  const { Stack } = await import('./stack.mjs');
  stack = new Stack({ home: STATE, ports, onUnexpectedExit: (message) => void end(1, message) });
  await step('Start Postgres and bring its schema up to date', async () => {
    const applied = await stack.startDatabase();
    return applied.length > 0 ? `${applied.length} migrations applied` : undefined;
  });
  await step(`Start the control plane on port ${ports.controlPlane}`, () => stack.startControlPlane());
  await step(`Start the dashboard on port ${ports.web}`, () => stack.startWeb());
  await step(`Start the dev orchestrator on port ${ports.orchestrator}`, () => stack.startOrchestrator());
  await step(`Join this machine as ${MACHINE}, with 2 workers`, async () => ((await stack.join(MACHINE)) ? undefined : 'joined before'));
  await step('Start its agent', async () => void (await stack.startAgent(MACHINE)));
  await step('Wait for the first accepted proof', firstAccepted);
} catch (error) {
  await end(1, error.message);
}

console.log(`
  Provefleet runs.

    Dashboard   ${stack.webUrl}
    Login       admin   ${stack.password}
                (kept in ${relative(process.cwd(), stack.passwordFile)})
    Proofs      ${stack.orchestratorUrl}/dev/ledger shows each task and whether its proof holds
    Logs        ${relative(process.cwd(), stack.logs)}/
    Stop        Ctrl-C
    Start over  stop, then remove ${relative(process.cwd(), STATE)}/
`);
