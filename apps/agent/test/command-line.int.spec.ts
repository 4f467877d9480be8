import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentProcess, command, joinArguments, joinEnvironment, until } from './support/agent-process.js';
import { JOIN_TOKEN } from './support/control-plane.js';
import { TestFleet } from './support/fleet.js';
import { fibInput } from './support/orchestrator.js';

let fleet: TestFleet;

beforeEach(async () => {
  fleet = await TestFleet.start();
});

afterEach(async () => {
  await fleet.end();
});

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('stops', () => {
  it('on SIGTERM finishes the running proof and keeps what was not begun for the next start', async () => {
    const { orchestrator, controlPlane } = fleet;
    controlPlane.desired = { revision: 1, document: { workers: 1, paused: false, pauseNote: '' } };
    orchestrator.queue.push(...Array.from({ length: 6 }, () => ({ inputs: [fibInput(200_000)] })));
    let agent = fleet.run();
    await until('all fetched', () => orchestrator.ledger.size === 6, agent);
    await until('proving', () => controlPlane.heartbeats.at(-1)?.workers[0]?.state === 'proving', agent);
    expect(await agent.end()).toEqual({ code: 0, signal: null });
    const accepted = orchestrator.count('accepted');
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(6);
    expect([...controlPlane.stored.values()].filter((event) => event.kind === 'agent').map((event) => 'change' in event && event.change)).toEqual(['started', 'draining', 'stopped']);

    agent = fleet.run();
    await until('the rest', () => orchestrator.count('accepted') === 6, agent);
    expect([...orchestrator.ledger.values()].every(({ accepts }) => accepts === 1)).toBe(true);
  });

  it('at the second signal at once', async () => {
    const { orchestrator } = fleet;
    orchestrator.queue.push({ inputs: [fibInput(1 << 20)] });
    const agent = fleet.run();
    await until('fetched', () => orchestrator.ledger.size === 1 && agent.log.includes('state: proving'), agent);
    agent.kill('SIGINT');
    await until('draining', () => agent.log.includes('draining'), agent);
    const at = Date.now();
    expect(await agent.end('SIGINT')).toEqual({ code: 130, signal: null });
    expect(Date.now() - at).toBeLessThan(2000);
  });
});

describe('what an operator asks for', () => {
  it('is applied while it runs: workers, pause with note, resume; nonsense is rejected with the field', async () => {
    const { orchestrator, controlPlane } = fleet;
    const agent = fleet.run();
    const seen = () => controlPlane.heartbeats.at(-1);
    await until('two workers', () => seen()?.observed.workers === 2, agent);
    controlPlane.want(2, { workers: 3, paused: false, pauseNote: '' });
    await until('three workers', () => seen()?.workers.filter(({ state }) => state === 'idle').length === 3, agent);
    controlPlane.want(3, { workers: 1, paused: true, pauseNote: 'maintenance until 09:00' });
    await until('paused', () => seen()?.state === 'paused' && seen()?.workers.length === 1, agent);
    expect(seen()?.reason).toBe('maintenance until 09:00');
    const fetches = orchestrator.fetches;
    orchestrator.queue.push({});
    await sleep(500);
    expect(orchestrator.fetches).toBe(fetches);
    controlPlane.want(4, { workers: 256, paused: false, pauseNote: '' });
    await until('rejected', () => seen()?.observed.rejected?.revision === 4, agent);
    expect(seen()?.observed).toMatchObject({ revision: 3, rejected: { field: 'workers' } });
    controlPlane.want(5, { workers: 1, paused: false, pauseNote: '' });
    await until('resumed', () => orchestrator.count('accepted') === 1, agent);
    await until('told', () => [...controlPlane.stored.values()].filter((event) => event.kind === 'configuration').length === 5, agent);
  });

  it('stops the fetches of a machine that is not approved yet', async () => {
    const { orchestrator, controlPlane } = fleet;
    controlPlane.approved = false;
    const agent = fleet.run();
    await until('blocked', () => controlPlane.heartbeats.at(-1)?.state === 'blocked', agent);
    const fetches = orchestrator.fetches;
    await sleep(500);
    expect(orchestrator.fetches).toBe(fetches);
    controlPlane.approved = true;
    controlPlane.closeAll(4503, 'back in a moment');
    await until('fetches', () => orchestrator.fetches > fetches, agent);
  });

  it('of a revoked machine is nothing more: it goes on proving and does not connect again', async () => {
    const { orchestrator, controlPlane } = fleet;
    const agent = fleet.run();
    await until('connected', () => controlPlane.heartbeats.length > 0, agent);
    controlPlane.closeAll(4403, 'revoked by an operator');
    await until('said so', () => agent.log.includes('revoked by an operator'), agent);
    orchestrator.queue.push({});
    await until('accepted', () => orchestrator.count('accepted') === 1, agent);
    await sleep(1500);
    expect(controlPlane.connections).toBe(1);
  });
});

describe('status', () => {
  it('is told on loopback, by command, and after the end from the file', async () => {
    const { orchestrator, controlPlane } = fleet;
    orchestrator.queue.push({});
    const agent = fleet.run();
    await until('accepted', () => orchestrator.count('accepted') === 1 && controlPlane.settled().length === 1, agent);
    const running = await command(['status', '--json', '--state-dir', fleet.stateDirectory]);
    const { report } = JSON.parse(running.stdout);
    expect(report.heartbeat.counters.accepted).toBe(1);
    const page = async (path: string) => (await fetch(report.statusUrl + path)).text();
    expect(await page('/healthz')).toMatch(/^(idle|no-work|proving)\n$/);
    expect(await page('/metrics')).toContain('provefleet_agent_tasks_settled_total{outcome="accepted"} 1');
    expect(await page('/metrics')).not.toContain('node-');
    await agent.end();
    const stopped = await command(['status', '--state-dir', fleet.stateDirectory]);
    expect(stopped.stdout).toContain('test  not running');
    expect(stopped.stdout).toContain('1 accepted');
  });
});

describe('refuses, with one sentence and an exit code of its own', () => {
  it('a second agent on the same state directory', async () => {
    const agent = fleet.run();
    await until('started', () => agent.log.includes('agent started'), agent);
    expect(await command(['run', '--state-dir', fleet.stateDirectory])).toMatchObject({ code: 4, stderr: expect.stringContaining(`process ${agent.pid}`) });
  });

  it('to run before it has joined', async () => {
    expect(await command(['run', '--state-dir', join(fleet.stateDirectory, 'other')])).toMatchObject({ code: 3, stderr: expect.stringContaining('provefleet-agent join') });
  });

  it('the native prover for the public network, at join and at run', async () => {
    const args = ['join', fleet.controlPlane.url, '--environment', 'production', '--node', '42', '--again', '--state-dir', fleet.stateDirectory];
    expect(await command(args, joinEnvironment)).toMatchObject({ code: 3, stderr: expect.stringContaining('the public Nexus network would refuse every proof') });
    await fleet.configure({ environment: 'beta', orchestratorUrl: undefined });
    expect(await command(['run', '--state-dir', fleet.stateDirectory])).toMatchObject({ code: 3, stderr: expect.stringContaining('beta.orchestrator.nexus.xyz') });
  });

  it('a wrong configuration, naming the field', async () => {
    await fleet.configure({ nodes: [{ id: 'a', weight: -1 }] });
    expect(await command(['run', '--state-dir', fleet.stateDirectory])).toMatchObject({ code: 3, stderr: expect.stringContaining('nodes.0.weight') });
  });

  it('keys that others can read', async () => {
    await chmod(join(fleet.stateDirectory, 'keys', 'machine.json'), 0o644);
    expect(await command(['run', '--state-dir', fleet.stateDirectory])).toMatchObject({ code: 4, stderr: expect.stringContaining('chmod 600') });
  });

  it('a wrong join token, with the reason of the control plane', async () => {
    const args = [...joinArguments(fleet.controlPlane.url, fleet.orchestrator.url, fleet.stateDirectory), '--again'];
    expect(await command(args, { PROVEFLEET_JOIN_TOKEN: 'wrong-token-wrong' })).toMatchObject({ code: 5, stderr: expect.stringContaining('the join token is not known') });
  });
});

describe('without a running agent', () => {
  it('makes a proof, takes it as what it is, and as nothing else', async () => {
    const file = join(fleet.stateDirectory, 'proof');
    const made = await command(['prove', 'fib_input_initial', '100', '1', '1', '--json', '--out', file]);
    expect(JSON.parse(made.stdout)).toMatchObject({ result: '3870634317', input: '100, 1, 1', file });
    const claim = (...numbers: string[]) => command(['verify', 'fib_input_initial', ...numbers.slice(0, 3), '--proof', file, '--result', numbers[3] ?? '']);
    expect(await claim('100', '1', '1', '3870634317')).toMatchObject({ code: 0, stdout: 'the proof holds, at 96 bits\n' });
    expect(await claim('100', '1', '1', '3870634318')).toMatchObject({ code: 1, stderr: expect.stringContaining('WrongClaim') });
    expect(await claim('99', '1', '1', '3870634317')).toMatchObject({ code: 1 });
  });

  it('proves for nobody in anonymous mode, says so, and hands nothing in', async () => {
    const agent = new AgentProcess(fleet.stateDirectory, undefined, ['anonymous']);
    await until('a worker', () => agent.log.includes('worker started'), agent);
    await sleep(1500);
    expect(await agent.end()).toEqual({ code: 0, signal: null });
    const last = JSON.parse(agent.log.trim().split('\n').at(-1) ?? '') as { mode: string; proofs: number; failures: number };
    expect(last).toMatchObject({ mode: 'anonymous', failures: 0 });
    expect(last.proofs).toBeGreaterThan(1);
    expect(fleet.orchestrator.fetches).toBe(0);
  });

  it('finds what is wrong with a machine, and what is right', async () => {
    const checks = async () => (JSON.parse((await command(['doctor', '--json', '--state-dir', fleet.stateDirectory])).stdout) as { check: string; result: string; detail: string }[]).map(({ check, result }) => `${check}: ${result}`);
    expect(await checks()).toEqual(expect.arrayContaining(['prover native: ok', 'configuration: ok', 'state directory: ok', 'control plane: ok', 'orchestrator: ok', 'clock, by control plane: ok']));
    await fleet.controlPlane.stop();
    await chmod(fleet.stateDirectory, 0o755);
    expect(await checks()).toEqual(expect.arrayContaining(['control plane: problem', 'state directory: problem']));
    await chmod(fleet.stateDirectory, 0o700);
    await fleet.controlPlane.start();
  });

  it('leaves the fleet, keeping its keys, but not with unfinished work', async () => {
    const { orchestrator } = fleet;
    orchestrator.onSubmit = () => ({ status: 503 });
    orchestrator.queue.push({});
    const agent = fleet.run();
    await until('proved', () => [...orchestrator.ledger.values()].some(({ submits }) => submits.length > 0), agent);
    await agent.end();
    const key = await readFile(join(fleet.stateDirectory, 'keys', 'machine.json'), 'utf8');
    expect(await command(['leave', '--state-dir', fleet.stateDirectory])).toMatchObject({ code: 2, stderr: expect.stringContaining('1 tasks are unfinished') });
    expect(await command(['leave', '--force', '--state-dir', fleet.stateDirectory])).toMatchObject({ code: 0 });
    expect(await command(['run', '--state-dir', fleet.stateDirectory])).toMatchObject({ code: 3 });
    expect(await readFile(join(fleet.stateDirectory, 'keys', 'machine.json'), 'utf8')).toBe(key);
  });
});

describe('secrets', () => {
  it('are in no log, no frame and no file but their own', async () => {
    const { orchestrator, controlPlane } = fleet;
    orchestrator.queue.push({}, { program: 'nonsense' });
    const agent: AgentProcess = fleet.run();
    await until('settled', () => controlPlane.settled().length === 2, agent);
    await agent.end();
    const keys = await Promise.all((await readdir(join(fleet.stateDirectory, 'keys'))).map(async (name) => (JSON.parse(await readFile(join(fleet.stateDirectory, 'keys', name), 'utf8')) as { secretKey: string }).secretKey));
    expect(keys).toHaveLength(3);
    const secrets = [JOIN_TOKEN, ...keys, ...keys.map((key) => Buffer.from(key, 'hex').toString('base64'))];
    const files = await Promise.all(['agent.json', 'desired.json', 'status.json'].map((name) => readFile(join(fleet.stateDirectory, name), 'utf8')));
    const events = await Promise.all((await readdir(join(fleet.stateDirectory, 'events'))).map((name) => readFile(join(fleet.stateDirectory, 'events', name), 'utf8')));
    const public_ = [fleet.logs, ...controlPlane.text, ...files, ...events].join('\n');
    expect(public_.length).toBeGreaterThan(1000);
    expect(secrets.filter((secret) => public_.includes(secret))).toEqual([]);
  });
});
