import { mkdtempSync, writeFileSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { generateSigningKey, proofHash, signProof, wire, type SubmitProofRequest, type Task } from '@provefleet/orchestrator-client';
import { parseInput, referenceOutput } from '@provefleet/prover';
import { bench, failure, fakeProver, getJson, ledgerOf, submission, type Bench } from './support.js';

const open: Bench[] = [];
const start = async (...args: Parameters<typeof bench>): Promise<Bench> => {
  const made = await bench(...args);
  open.push(made);
  return made;
};
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

const proveAll = (task: Task): Uint8Array[] => task.inputs.map((input) => fakeProver.prove(task.programId, input, referenceOutput(parseInput(task.programId, input))));

describe('registration', () => {
  const user = { uuid: '3834169f-fe69-49ce-b4b0-8b1159ff49b4', walletAddress: '0x52908400098527886E0F7030069857D2E4169EE7' };

  test('user, node and what is known of them', async () => {
    const { client } = await start([]);
    expect(await failure(client.getUser(user.walletAddress))).toMatchObject({ status: 404, body: { name: 'NotFoundError', httpCode: 404 } });
    await client.registerUser(user);
    await client.registerUser(user);
    const nodeId = await client.registerNode({ userId: user.uuid });
    expect(nodeId).toMatch(/^\d{8}$/);
    expect(await client.getNode(nodeId)).toEqual({ walletAddress: user.walletAddress });
    expect(await client.getUser(user.walletAddress.toLowerCase())).toEqual({ userId: user.uuid, walletAddress: user.walletAddress, nodes: [{ nodeId, nodeType: 'CLI_PROVER' }], nodesNextCursor: '' });
  });

  test.each([
    ['a uuid that is none', { ...user, uuid: 'me' }, 400],
    ['an address that is none', { ...user, walletAddress: '0x12' }, 400],
  ])('%s is refused', async (_name, wrong, status) => {
    const { client } = await start([]);
    expect(await failure(client.registerUser(wrong))).toMatchObject({ status });
  });

  test('a wallet belongs to one user; a node needs a user', async () => {
    const { client } = await start([]);
    await client.registerUser(user);
    expect(await failure(client.registerUser({ ...user, uuid: '4834169f-fe69-49ce-b4b0-8b1159ff49b4' }))).toMatchObject({ status: 409 });
    expect(await failure(client.registerNode({ userId: 'nobody' }))).toMatchObject({ status: 404 });
  });

  test('unknown nodes are taken in, or refused when strict', async () => {
    const lenient = await start([]);
    expect((await lenient.client.getNode('123')).walletAddress).toMatch(/^0x/);
    expect(await failure(lenient.client.getNode('not a number'))).toMatchObject({ status: 404 });
    const strict = await start(['--strict-nodes']);
    expect(await failure(strict.client.getNode('123'))).toMatchObject({ status: 404 });
    expect(await failure(strict.fetch())).toMatchObject({ status: 404 });
    await strict.client.registerUser(user);
    const nodeId = await strict.client.registerNode({ userId: user.uuid });
    expect(await strict.client.getProofTask({ nodeId, publicKey: strict.key.publicKey })).toMatchObject({ taskType: 'PROOF_REQUIRED' });
  });
});

describe('a task', () => {
  test.each([['PROOF_REQUIRED', true], ['PROOF_HASH', null], ['ALL_PROOF_HASHES', null]] as const)('of type %s: handed out, handed in, on the ledger', async (taskType, verified) => {
    const b = await start(['--task-types', taskType, '--inputs', '3']);
    const task = await b.fetch();
    expect(task).toMatchObject({ taskType, difficulty: 'SMALL_MEDIUM' });
    expect(task.inputs).toHaveLength(3);
    expect(await ledgerOf(b)).toMatchObject([{ taskId: task.taskId, nodeId: '4711', program: task.programId, taskType, state: 'issued', verified: null, reason: null }]);
    expect((await b.client.getAssignedTasks('4711')).tasks).toEqual([task]);
    await b.client.submitProof(submission(task, proveAll(task), b.key));
    expect(await ledgerOf(b)).toMatchObject([{ taskId: task.taskId, state: 'accepted', verified, reason: null }]);
    expect((await b.client.getAssignedTasks('4711')).tasks).toEqual([]);
  });

  test('the same seed gives the same tasks, another seed others; the client’s wish is granted up to the limit', async () => {
    const run = async (seed: string): Promise<Task[]> => {
      const b = await start(['--seed', seed]);
      const tasks = [];
      for (let i = 0; i < 5; i++) tasks.push(await b.fetch());
      return tasks.map((task) => ({ ...task, createdAt: null }));
    };
    const first = await run('a');
    expect(await run('a')).toEqual(first);
    expect(await run('b')).not.toEqual(first);
    expect(new Set(first.map(({ taskId }) => taskId)).size).toBe(5);
    const b = await start(['--max-difficulty', 'SMALL']);
    expect((await b.fetch()).difficulty).toBe('SMALL');
  });

  test('no more than the limit, and no faster than the rate', async () => {
    const limited = await start(['--limit', '2']);
    await limited.fetch();
    await limited.fetch();
    expect(await failure(limited.fetch())).toMatchObject({ status: 404, body: { message: 'there are no more tasks' } });

    let now = Date.UTC(2026, 10, 24);
    const slow = await start(['--rate', '2'], fakeProver, () => now);
    await slow.fetch();
    await slow.fetch();
    expect(await failure(slow.fetch())).toMatchObject({ status: 404, body: { message: 'there is no task now' } });
    now += 500;
    await slow.fetch();
    expect(await failure(slow.fetch())).toMatchObject({ status: 404 });
  });

  test('an accepted task is not taken twice, not even twice at once', async () => {
    const b = await start([]);
    const task = await b.fetch();
    const right = submission(task, proveAll(task), b.key);
    const both = await Promise.allSettled([b.client.submitProof(right), b.client.submitProof(right)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await failure(b.client.submitProof(right))).toMatchObject({ status: 409, body: { name: 'ConflictError', httpCode: 409 } });
    expect(await getJson(`${b.running.url}/dev/stats`)).toEqual({ tasks: 1, issued: 0, accepted: 1, refused: 0, expired: 0, verified: 1, duplicates: 2, refusals: 2 });
  });

  test('a task past its deadline is expired, with its reason, and refused', async () => {
    let now = Date.UTC(2026, 10, 24);
    const b = await start(['--deadline', '60'], fakeProver, () => now);
    const task = await b.fetch();
    expect(task.createdAt).toEqual(new Date(now));
    now += 60_000;
    expect(await failure(b.client.submitProof(submission(task, proveAll(task), b.key)))).toMatchObject({ status: 404 });
    expect(await ledgerOf(b)).toMatchObject([{ state: 'expired', reason: 'not handed in by its deadline' }]);
  });

  test('a new key of the same node may hand in what the old one fetched', async () => {
    const b = await start([]);
    const task = await b.fetch();
    const rotated = generateSigningKey();
    await b.client.getProofTask({ nodeId: '4711', publicKey: rotated.publicKey });
    await b.client.submitProof(submission(task, proveAll(task), rotated));
  });

  test('another client’s proofs are taken by hash and signature, and recorded as unverified; or refused when told so', async () => {
    const b = await start([]);
    const task = await b.fetch();
    await b.client.submitProof(submission(task, [Uint8Array.of(1, 2, 3)], b.key));
    expect(await ledgerOf(b)).toMatchObject([{ state: 'accepted', verified: null }]);
    const strict = await start(['--require-native']);
    const other = await strict.fetch();
    expect(await failure(strict.client.submitProof(submission(other, [Uint8Array.of(1, 2, 3)], strict.key)))).toMatchObject({ status: 422 });
  });
});

describe('a wrong submission', () => {
  const other = generateSigningKey();
  type Change = (right: SubmitProofRequest, task: Task, b: Bench) => Partial<SubmitProofRequest>;
  const resigned = (hash: string, task: Task, b: Bench): Partial<SubmitProofRequest> => ({ proofHash: hash, signature: signProof(b.key, task.taskId, hash) });
  const wrongProof = Buffer.from('PVFP and then nothing that holds');

  test.each<[string, string[], Change, number, string, boolean | null]>([
    ['signature of another text', [], (_r, _t, b) => ({ signature: signProof(b.key, 'other', 'text') }), 401, 'signature', null],
    ['no signature', [], () => ({ signature: new Uint8Array() }), 401, 'signature', null],
    ['a key the task was not given to', [], (r, t) => ({ ed25519PublicKey: other.publicKey, signature: signProof(other, t.taskId, r.proofHash) }), 401, 'public key', null],
    ['a key of wrong length', [], () => ({ ed25519PublicKey: new Uint8Array(31) }), 400, '31 bytes', null],
    ['another hash', [], (_r, t, b) => resigned('0'.repeat(64), t, b), 400, 'proof_hash', null],
    ['a hash in capitals', [], (r, t, b) => resigned(r.proofHash.toUpperCase(), t, b), 400, 'proof_hash', null],
    ['no proofs', [], () => ({ proofs: [], proof: new Uint8Array() }), 400, 'proofs holds 0', null],
    ['one proof without its copy', [], () => ({ proof: new Uint8Array() }), 400, 'proof must be', null],
    ['hashes where none belong', [], () => ({ allProofHashes: ['0'.repeat(64)] }), 400, 'all_proof_hashes', null],
    ['an unknown node type', [], () => ({ nodeType: 7 }), 400, 'node_type', null],
    ['a location finer than the country', [], () => ({ nodeTelemetry: { location: 'US-CA, San Francisco' } }), 400, 'location', null],
    ['a proof that does not hold', [], (_r, t, b) => ({ proof: wrongProof, proofs: [wrongProof], ...resigned(proofHash(wrongProof), t, b) }), 422, 'does not hold', false],
    ['proof of one input for two', ['--inputs', '2'], (r) => ({ proofs: r.proofs.slice(0, 1) }), 400, 'proofs holds 1', null],
    ['a copy of one of two proofs', ['--inputs', '2'], (r) => ({ proof: r.proofs[0] }), 400, 'proof must be empty', null],
    ['two proofs in the wrong order', ['--inputs', '2'], (r, t, b) => ({ proofs: [...r.proofs].reverse(), ...resigned(proofHash(r.proofs[1] ?? new Uint8Array()), t, b) }), 422, 'proof 0', false],
    ['proofs for a PROOF_HASH task', ['--task-types', 'PROOF_HASH'], () => ({ proofs: [wrongProof] }), 400, 'do not belong', null],
    ['hashes for a PROOF_HASH task', ['--task-types', 'PROOF_HASH'], () => ({ allProofHashes: ['0'.repeat(64)] }), 400, 'all_proof_hashes', null],
    ['too few hashes', ['--task-types', 'ALL_PROOF_HASHES', '--inputs', '2'], (r) => ({ allProofHashes: r.allProofHashes.slice(1) }), 400, 'holds 1 hashes', null],
    ['hashes that do not make the combined one', ['--task-types', 'ALL_PROOF_HASHES'], () => ({ allProofHashes: ['0'.repeat(64)] }), 400, 'combined', null],
    ['a hash that is none', ['--task-types', 'ALL_PROOF_HASHES'], () => ({ allProofHashes: ['hello'] }), 400, '64 lower-case', null],
  ])('%s: refused, with its reason on the ledger, and the right one accepted afterwards', async (_name, args, change, status, reason, verified) => {
    const b = await start(args);
    const task = await b.fetch();
    const right = submission(task, proveAll(task), b.key);
    const error = await failure(b.client.submitProof({ ...right, ...change(right, task, b) }));
    expect(error).toMatchObject({ code: 'HttpStatus', status, body: { httpCode: status, message: expect.stringContaining(reason) } });
    expect(await ledgerOf(b)).toMatchObject([{ state: 'refused', reason: expect.stringContaining(reason), verified }]);
    await b.client.submitProof(right);
    expect(await ledgerOf(b)).toMatchObject([{ state: 'accepted', reason: null }]);
  });

  test('an unknown task is 404 and not on the ledger', async () => {
    const b = await start([]);
    const task = await b.fetch();
    expect(await failure(b.client.submitProof(submission({ ...task, taskId: 'never' }, proveAll(task), b.key)))).toMatchObject({ status: 404 });
    expect(await ledgerOf(b)).toHaveLength(1);
  });
});

describe('HTTP', () => {
  test('a submit is answered 200 with nothing', async () => {
    const b = await start([]);
    const task = await b.fetch();
    const response = await fetch(`${b.running.url}/v3/tasks/submit`, { method: 'POST', body: Buffer.from(wire.submitProofRequest.encode(submission(task, proveAll(task), b.key))) });
    expect([response.status, await response.text(), response.headers.get('content-length')]).toEqual([200, '', '0']);
  });

  test('version.json asks nothing of anybody', async () => {
    const b = await start([]);
    expect(await getJson(`${b.running.url}/version.json`)).toEqual({ version_constraints: [], ofac_country_names: {} });
  });

  test.each([
    ['POST', '/v3/tasks', 'garbage', 400],
    ['POST', '/v3/tasks', '', 400],
    ['POST', '/v3/tasks/submit', 'garbage', 400],
    ['DELETE', '/v3/tasks', '', 405],
    ['GET', '/v3/tasks', undefined, 405],
    ['GET', '/v3/users/%zz', undefined, 400],
    ['GET', '/v3/nodes/1/2', undefined, 404],
    ['GET', '/', undefined, 404],
    ['GET', '/dev/nothing', undefined, 404],
    ['POST', '/dev/scenario', '{', 400],
    ['POST', '/dev/scenario', '{"name":"peace"}', 400],
    ['POST', '/dev/scenario', '{"name":"slow","params":{"speed":1}}', 400],
  ])('%s %s with %j is answered %i in the error shape', async (method, path, body, status) => {
    const b = await start([]);
    const response = await fetch(b.running.url + path, { method, body });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ name: expect.any(String), message: expect.any(String), httpCode: status });
  });

  test('no body whatsoever makes it fail', async () => {
    const b = await start([]);
    const task = await b.fetch();
    const right = wire.submitProofRequest.encode(submission(task, proveAll(task), generateSigningKey()));
    const damaged = fc.tuple(fc.nat(right.length - 1), fc.nat(255), fc.nat(right.length)).map(([at, value, length]) => {
      const bytes = Uint8Array.from(right);
      bytes[at] = value;
      return bytes.subarray(0, length);
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('users', 'nodes', 'tasks', 'tasks/submit'), fc.oneof(fc.uint8Array({ maxLength: 120 }), damaged), async (path, body) => {
        const { status } = await fetch(`${b.running.url}/v3/${path}`, { method: 'POST', body: Buffer.from(body) });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
      }),
      { numRuns: 400 },
    );
  });

  test('reachable as localhost, whatever that means', async () => {
    const b = await start([]);
    expect((await fetch(`http://localhost:${b.running.port}/version.json`)).status).toBe(200);
  });
});

describe('a ledger file', () => {
  test('keeps tasks over a restart, a torn last line included', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'ledger-')), 'ledger.jsonl');
    const args = ['--ledger-file', file];
    const first = await start(args);
    const [one, two] = [await first.fetch(), await first.fetch()];
    await first.client.submitProof(submission(one, proveAll(one), first.key));
    await first.stop();
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"taskId":"to`);

    const second = await start(args);
    expect(await ledgerOf(second)).toMatchObject([{ taskId: one.taskId, state: 'accepted', verified: true }, { taskId: two.taskId, state: 'issued' }]);
    await second.client.submitProof(submission(two, proveAll(two), first.key));
    expect(await failure(second.client.submitProof(submission(one, proveAll(one), first.key)))).toMatchObject({ status: 409 });
    expect((await second.fetch()).taskId).not.toBe(one.taskId);
    await second.stop();
    expect((await ledgerOf(await start(args))).map(({ state }) => state)).toEqual(['accepted', 'accepted', 'issued']);
  });

  test('that is none is refused, naming the line', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'ledger-')), 'ledger.jsonl');
    writeFileSync(file, 'hello\nworld\n');
    await expect(start(['--ledger-file', file])).rejects.toThrow('line 1');
  });
});
