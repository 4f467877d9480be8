import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { nodeProblem, portProblem, readPorts, rustProblem } from './checks.mjs';

test('takes Node from 20.19 on', () => {
  for (const good of ['20.19.0', '20.20.2', '22.0.0', '24.1.0']) assert.equal(nodeProblem(good), undefined);
  for (const bad of ['18.20.0', '20.18.3', '20.9.0']) assert.match(nodeProblem(bad), /too old.*20\.19/);
});

test('says what to do without Rust', () => {
  assert.match(rustProblem(() => ({ status: null })), /Install rustup/);
  assert.equal(rustProblem(() => ({ status: 0 })), undefined);
});

test('names the variable of a port that is none', () => {
  assert.deepEqual(readPorts({ PROVEFLEET_WEB_PORT: '3100' }), { orchestrator: 8080, controlPlane: 4000, web: 3100, problem: undefined });
  assert.match(readPorts({ PROVEFLEET_WEB_PORT: 'http' }).problem, /PROVEFLEET_WEB_PORT="http"/);
  assert.match(readPorts({ PROVEFLEET_ORCHESTRATOR_PORT: '70000' }).problem, /PROVEFLEET_ORCHESTRATOR_PORT/);
});

test('names a taken port and the variable that moves it', async () => {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const problem = await portProblem({ orchestrator: 0, controlPlane: port, web: 1 });
  assert.match(problem, new RegExp(`Port ${port} is taken.*control plane.*PROVEFLEET_CONTROL_PLANE_PORT`));
  await new Promise((resolve) => server.close(resolve));
});

test('refuses one port for two services', async () => {
  assert.match(await portProblem({ orchestrator: 0, controlPlane: 0, web: 3000 }), /two services/);
});
