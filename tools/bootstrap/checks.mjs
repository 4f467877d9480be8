// What must be true before anything is installed. Each check answers with one sentence, or nothing.
// This file and those it imports use Node's own modules only: they run on a fresh clone.
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';

const NEEDED_NODE = [20, 19];

/** @param {string} version such as `20.19.1` */
export function nodeProblem(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > NEEDED_NODE[0] || (major === NEEDED_NODE[0] && minor >= NEEDED_NODE[1])) return undefined;
  return `Node ${version} is too old: Provefleet needs Node ${NEEDED_NODE.join('.')} or later.`;
}

/** @param {(command: string, args: string[]) => { status: number | null }} run */
export function rustProblem(run = (command, args) => spawnSync(command, args, { stdio: 'ignore' })) {
  if (run('cargo', ['--version']).status === 0) return undefined;
  return 'Rust is not installed: the prover is built from source. Install rustup (https://rustup.rs), open a new shell and try again.';
}

/** The ports of the local stack; each can be set by its variable. */
export const PORTS = [
  { name: 'dev orchestrator', variable: 'PROVEFLEET_ORCHESTRATOR_PORT', fallback: 8080 },
  { name: 'control plane', variable: 'PROVEFLEET_CONTROL_PLANE_PORT', fallback: 4000 },
  { name: 'dashboard', variable: 'PROVEFLEET_WEB_PORT', fallback: 3000 },
];

/** @returns {{ orchestrator: number, controlPlane: number, web: number, problem?: string }} */
export function readPorts(environment = process.env) {
  const [orchestrator, controlPlane, web] = PORTS.map(({ variable, fallback }) => {
    const text = environment[variable];
    return text === undefined || text === '' ? fallback : Number(text);
  });
  const bad = PORTS.find((_, index) => {
    const port = [orchestrator, controlPlane, web][index];
    return !Number.isInteger(port) || port < 1 || port > 65535;
  });
  return { orchestrator, controlPlane, web, problem: bad && `${bad.variable}="${environment[bad.variable]}" is not a port (1 to 65535).` };
}

function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}

/** @param {{ orchestrator: number, controlPlane: number, web: number }} ports */
export async function portProblem(ports) {
  const list = [ports.orchestrator, ports.controlPlane, ports.web];
  for (const [index, port] of list.entries()) {
    const { name, variable } = PORTS[index];
    if (list.indexOf(port) !== index) return `Port ${port} is set for two services: give the ${name} another one with ${variable}.`;
    if (!(await isFree(port))) {
      return `Port ${port} is taken, and the ${name} needs it. Stop what uses it (is Provefleet running already?), or set another one: ${variable}=${port + 1} npm start`;
    }
  }
  return undefined;
}

/** Prints the problem and ends with 1, or does nothing. */
export function stopOn(problem) {
  if (!problem) return;
  console.error(`\n${problem}\n`);
  process.exit(1);
}
