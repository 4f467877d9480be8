import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { Agent } from '../src/agent.js';
import { systemClock } from '../src/clock.js';
import { localConfigurationSchema } from '../src/configuration/local.js';
import { connectSocket } from '../src/link/socket.js';
import { forkWorkers } from '../src/workers/spawn.js';
import { until } from './support/agent-process.js';
import { FaultyFiles, temporaryPaths, type TemporaryState } from './support/faulty-files.js';
import { fibInput, TestOrchestrator } from './support/orchestrator.js';

const WORKER = fileURLToPath(new URL('../dist/worker.js', import.meta.url));

let orchestrator: TestOrchestrator;
let state: TemporaryState;
let files: FaultyFiles;
let agent: Agent;

beforeEach(async () => {
  orchestrator = new TestOrchestrator();
  await orchestrator.start();
  state = await temporaryPaths();
  files = new FaultyFiles();
  const configuration = localConfigurationSchema.parse({
    version: 1, controlPlaneUrl: 'http://127.0.0.1:1', machineId: '0b9ff0a3-6ad5-4f0c-9b0a-0f4e62a3c1aa', machineName: 'm', environment: 'local', orchestratorUrl: orchestrator.url, nodes: [{ id: 'n' }], profile: 'local', backend: 'native', statusPort: null,
  });
  agent = await Agent.start({ fs: files.fs, clock: systemClock, paths: state.paths, configuration, logger: pino({ level: 'silent' }), spawn: forkWorkers(WORKER, 0), connect: connectSocket });
});

afterEach(async () => {
  files.room = Infinity;
  await agent.drain('end of the test');
  await orchestrator.stop();
  await state.remove();
});

describe('a full disk', () => {
  it('pauses proving with the cause shown, loses nothing, and is over when there is room', async () => {
    orchestrator.endless = () => ({ inputs: [fibInput(1000)] });
    await until('proving', () => orchestrator.count('accepted') > 3);
    // Full in the middle of some write.
    files.room = 777;
    await until('failing', () => agent.state === 'failing');
    const fetches = orchestrator.fetches;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(orchestrator.fetches).toBeLessThanOrEqual(fetches + 1);

    files.room = Infinity;
    const accepted = orchestrator.count('accepted');
    await until('proving again', () => orchestrator.count('accepted') > accepted + 3);
    orchestrator.endless = null;
    await until('all accepted', () => orchestrator.count('issued') === 0);
    expect([...orchestrator.ledger.values()].every(({ accepts }) => accepts === 1)).toBe(true);
    await until('well', () => agent.state !== 'failing');
  });
});
