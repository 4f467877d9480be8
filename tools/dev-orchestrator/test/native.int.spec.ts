import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { OrchestratorClient, generateSigningKey, proofHash, signProof, type Task } from '@provefleet/orchestrator-client';
import type { ProverBackend } from '@provefleet/prover';
import { createNativeBackend } from '@provefleet/prover-native';
import { bench, failure, ledgerOf, setScenario, submission, type Bench } from './support.js';

let prover: ProverBackend;
beforeAll(async () => {
  prover = await createNativeBackend({ threads: 1 });
});
afterAll(() => prover.close());

const prove = (task: Task): Promise<Uint8Array[]> =>
  Promise.all(task.inputs.map(async (input) => (await prover.prove({ program: task.programId, input }, new AbortController().signal)).proof));

describe('with real proofs', () => {
  let b: Bench;
  afterEach(() => b.stop());

  test('both programs, one input and several: verified', async () => {
    b = await bench(['--inputs', '1-3', '--max-difficulty', 'SMALL_MEDIUM'], prover);
    for (let i = 0; i < 12; i++) {
      const task = await b.fetch();
      await b.client.submitProof(submission(task, await prove(task), b.key));
    }
    const ledger = await ledgerOf(b);
    expect(new Set(ledger.map(({ program }) => program))).toEqual(new Set(['fib_input_initial', 'fast-fib']));
    expect(ledger.every(({ state, verified }) => state === 'accepted' && verified === true)).toBe(true);
  });

  test('a proof of another task, one with a flipped bit and one cut short are refused, and nothing else is harmed', async () => {
    b = await bench(['--program', 'fib_input_initial', '--max-difficulty', 'SMALL'], prover);
    const [task, other] = [await b.fetch(), await b.fetch()];
    const [right] = await prove(task);
    const [foreign] = await prove(other);
    if (!right || !foreign) throw new Error('no proof was made');
    const flipped = Uint8Array.from(right);
    flipped[flipped.length >> 1] = (flipped[flipped.length >> 1] ?? 0) ^ 4;
    for (const wrong of [foreign, flipped, right.slice(0, -1), Uint8Array.from([...right, 0])]) {
      const hash = proofHash(wrong);
      const error = await failure(
        b.client.submitProof({ ...submission(task, [right], b.key), proof: wrong, proofs: [wrong], proofHash: hash, signature: signProof(b.key, task.taskId, hash) }),
      );
      expect(error).toMatchObject({ status: 422, body: { name: 'InvalidProofError' } });
      expect(await ledgerOf(b)).toContainEqual(expect.objectContaining({ taskId: task.taskId, state: 'refused', verified: false }));
    }
    await b.client.submitProof(submission(task, [right], b.key));
    expect(await ledgerOf(b)).toContainEqual(expect.objectContaining({ taskId: task.taskId, state: 'accepted', verified: true }));
  });

  test('an input that goes on after what the program reads is proved as if it did not', async () => {
    b = await bench(['--max-difficulty', 'SMALL'], prover);
    await setScenario(b, 'long-input', { share: 1 });
    for (let i = 0; i < 4; i++) {
      const task = await b.fetch();
      await b.client.submitProof(submission(task, await prove(task), b.key));
    }
    expect((await ledgerOf(b)).every(({ verified }) => verified)).toBe(true);
  });
});

describe('the program', () => {
  const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const children: ChildProcess[] = [];
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  function run(args: string[], env: Record<string, string> = {}): { child: ChildProcess; output: () => string; errors: () => string; ended: Promise<number | null> } {
    const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    let [out, err] = ['', ''];
    child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
    return { child, output: () => out, errors: () => err, ended: once(child, 'close').then(([code]) => code as number | null) };
  }

  async function addressOf({ output, errors }: ReturnType<typeof run>): Promise<string> {
    for (let i = 0; i < 200; i++) {
      const line = output().split('\n').find((each) => each.includes('"listening"'));
      if (line) return (JSON.parse(line) as { url: string }).url;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`it does not listen: ${errors()}`);
  }

  test('tells its address, verifies for real, logs JSON lines, and ends on SIGTERM with its figures', async () => {
    const it = run(['--port', '0', '--unlimited', '--max-difficulty', 'SMALL']);
    const url = await addressOf(it);
    const client = new OrchestratorClient({ url });
    const key = generateSigningKey();
    const task = await client.getProofTask({ nodeId: '1', publicKey: key.publicKey });
    await client.submitProof(submission(task, await prove(task), key));
    client.close();
    it.child.kill('SIGTERM');
    expect(await it.ended).toBe(0);
    const lines = it.output().trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ event }) => event)).toEqual(['listening', 'issued', 'accepted', 'stopping']);
    expect(lines[2]).toMatchObject({ taskId: task.taskId, verified: true });
    expect(lines[3]).toMatchObject({ accepted: 1, verified: 1, duplicates: 0 });
  });

  test('quiet, it tells its address and nothing else', async () => {
    const it = run(['--port', '0', '--quiet', '--scenario', 'down']);
    const url = await addressOf(it);
    await expect(fetch(`${url}/v3/nodes/1`)).rejects.toThrow();
    expect((await fetch(`${url}/dev/stats`)).status).toBe(200);
    it.child.kill('SIGINT');
    expect(await it.ended).toBe(0);
    expect(it.output().trim().split('\n')).toHaveLength(1);
  });

  test('a taken port is a sentence and exit 1', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const it = run([], { PROVEFLEET_ORCHESTRATOR_PORT: String(port) });
    expect(await it.ended).toBe(1);
    expect(it.errors()).toBe(`dev-orchestrator: port ${port} is taken; choose another with --port or PROVEFLEET_ORCHESTRATOR_PORT\n`);
    taken.close();
  });

  test.each([
    [['--port', 'http'], 'a whole number from 0 to 65535'],
    [['--program', 'fib'], 'one of fib_input_initial, fast-fib'],
    [['--n', '300', '--program', 'fast-fib'], 'n of fast-fib is at most 255'],
    [['--inputs', '3-1'], 'a range such as 1-4'],
    [['--rate', '0'], 'a number above 0'],
    [['--scenario', 'slow:speed=1'], 'has no parameter "speed"'],
  ])('%j is refused in words', async (args, words) => {
    const it = run(args);
    expect(await it.ended).toBe(1);
    expect(it.errors()).toContain(words);
  });
});
