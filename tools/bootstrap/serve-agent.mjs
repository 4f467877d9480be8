#!/usr/bin/env node
// `npx nx run agent:serve`: the agent in development, built again and restarted on each change, the rest of the stack up.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { nodeProblem, portProblem, readPorts, rustProblem, stopOn } from './checks.mjs';
import { Stack } from './stack.mjs';
import { ROOT, STATE, step } from './steps.mjs';

const ports = readPorts();
stopOn(nodeProblem() ?? ports.problem ?? rustProblem() ?? (await portProblem(ports)));

const MACHINE = 'dev-agent';
const children = [];
const stack = new Stack({ home: join(STATE, 'serve'), ports, onUnexpectedExit: (message) => void end(1, message) });
let ending;

async function end(code, message) {
  if (ending) process.exit(1);
  ending = true;
  if (message) console.error(`\n${message}`);
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.map((child) => child.exitCode ?? new Promise((resolve) => child.once('close', resolve))));
  await stack.stop();
  process.exit(code);
}
process.on('SIGINT', () => void end(0));
process.on('SIGTERM', () => void end(0));

try {
  await step('Start Postgres', async () => void (await stack.startDatabase()));
  await step(`Start the control plane on port ${ports.controlPlane}`, () => stack.startControlPlane());
  await step(`Start the dashboard on port ${ports.web}`, () => stack.startWeb());
  await step(`Start the dev orchestrator on port ${ports.orchestrator}`, () => stack.startOrchestrator(['--rate', '2']));
  await step(`Join as ${MACHINE}`, async () => ((await stack.join(MACHINE)) ? undefined : 'joined before'));
} catch (error) {
  await end(1, error.message);
}

console.log(`\n  Dashboard ${stack.webUrl}, login admin ${stack.password}\n  Change a file below apps/agent or libs and the agent restarts. Ctrl-C stops all of it.\n`);
const start = (args) => {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env: process.env, detached: true });
  children.push(child);
  child.once('close', (code) => void (ending ?? end(1, `${args.join(' ')} ended with ${code}.`)));
};
start([join(ROOT, 'node_modules/typescript/bin/tsc'), '--build', '--watch', '--preserveWatchOutput', 'apps/agent/tsconfig.lib.json']);
start(['--watch', '--watch-preserve-output', 'apps/agent/dist/main.js', 'run', '--state-dir', stack.agentHome(MACHINE)]);
