import { readFileSync } from 'node:fs';
import net from 'node:net';
import {
  NODE_TYPE,
  OrchestratorClient,
  OrchestratorError,
  TASK_DIFFICULTY,
  TASK_TYPE,
  buildSubmission,
  fetchVersionPolicy,
  signingKeyFromSecret,
  wire,
  type OrchestratorClientOptions,
  type WireTask,
} from '../src/index.js';
import { FaultServer } from './fault-server.js';

const vectors = JSON.parse(readFileSync(new URL('./data/orchestrator-wire.json', import.meta.url), 'utf8')) as {
  requests: { name: string; method: string; path: string; headers: [string, string][]; body_hex: string }[];
};
const key = signingKeyFromSecret(new Uint8Array(32).fill(7));
const submission = buildSubmission({ taskId: 't-1', taskType: 'PROOF_HASH', proofs: [Uint8Array.of(1)], key });

let server: FaultServer;
const clients: OrchestratorClient[] = [];
const client = (options: Partial<OrchestratorClientOptions> = {}): OrchestratorClient => {
  const made = new OrchestratorClient({ url: server.url, ...options });
  clients.push(made);
  return made;
};
const fetchTask = (from: OrchestratorClient, signal?: AbortSignal) => from.getProofTask({ nodeId: '1', publicKey: key.publicKey, maxDifficulty: 'SMALL_MEDIUM' }, signal);
const failure = async (promise: Promise<unknown>): Promise<OrchestratorError> => {
  const error: unknown = await promise.then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof OrchestratorError)) throw new Error(`expected an OrchestratorError, got ${String(error)}`);
  return error;
};

beforeEach(async () => {
  server = await FaultServer.start();
});
afterEach(async () => {
  for (const each of clients.splice(0)) each.close();
  await server.stop();
});

describe('what goes out', () => {
  test('the recorded requests leave byte for byte, with the recorded headers in their order', async () => {
    const recorded = vectors.requests[2];
    if (!recorded) throw new Error('vectors lack the request');
    server.answer = (response) => response.writeHead(404).end();
    const fields = wire.getProofTaskRequest.decode(Buffer.from(recorded.body_hex, 'hex'));
    await failure(
      client({ userAgent: 'nexus-cli/0.10.18', buildTimestamp: 1795486137507 }).getProofTask({
        nodeId: fields.nodeId,
        publicKey: fields.ed25519PublicKey,
        maxDifficulty: 'SMALL_MEDIUM',
      }),
    );
    const [seen] = server.seen;
    expect(seen).toMatchObject({ method: recorded.method, url: recorded.path, httpVersion: '1.1' });
    expect(seen?.body.toString('hex')).toBe(recorded.body_hex);
    const host = ['host', new URL(server.url).host];
    const expected = recorded.headers.flatMap(([name, value]) => (name === 'content-length' ? [...host, name, value] : [name, value]));
    expect(seen?.rawHeaders).toEqual(expected);
  });

  test('all seven calls, each to its path', async () => {
    const answers: Record<string, Uint8Array> = {
      'GET /v3/users/0xab%2Fcd': wire.userResponse.encode({ userId: 'u', walletAddress: '0xab/cd', nodes: [{ nodeId: '5', nodeType: NODE_TYPE.CLI_PROVER }, { nodeId: '6', nodeType: 77 }] }),
      'POST /v3/nodes': wire.registerNodeResponse.encode({ nodeId: '4711' }),
      'GET /v3/nodes/4711': wire.getNodeResponse.encode({ walletAddress: '0xab/cd' }),
      'GET /v3/tasks/4711': wire.getTasksResponse.encode({
        tasks: [task({ taskId: 'a' }), task({ taskId: '' }), task({ taskId: 'b', taskType: 9 }), task({ taskId: 'c' })],
        nextCursor: 'more',
      }),
      'POST /v3/tasks': wire.getProofTaskResponse.encode({ task: task({ taskId: 'a', difficulty: TASK_DIFFICULTY.LARGE, taskType: TASK_TYPE.ALL_PROOF_HASHES }) }),
    };
    server.answer = (response, { method, url }) => response.end(answers[`${method} ${url}`]);
    const c = client();
    await c.registerUser({ uuid: 'u', walletAddress: '0xab/cd' });
    expect(await c.getUser('0xab/cd')).toEqual({ userId: 'u', walletAddress: '0xab/cd', nodes: [{ nodeId: '5', nodeType: 'CLI_PROVER' }, { nodeId: '6', nodeType: null }], nodesNextCursor: '' });
    expect(await c.registerNode({ userId: 'u' })).toBe('4711');
    expect(await c.getNode('4711')).toEqual({ walletAddress: '0xab/cd' });
    const assigned = await c.getAssignedTasks('4711');
    expect(assigned.tasks.map(({ taskId }) => taskId)).toEqual(['a', 'c']);
    expect(assigned.refused.map(({ code }) => code)).toEqual(['MissingTask', 'UnknownTaskType']);
    expect(assigned.nextCursor).toBe('more');
    expect(await fetchTask(c)).toMatchObject({ taskId: 'a', difficulty: 'LARGE', taskType: 'ALL_PROOF_HASHES', inputs: [Uint8Array.of(9)] });
    await c.submitProof(submission);
    expect(server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /v3/users', 'GET /v3/users/0xab%2Fcd', 'POST /v3/nodes', 'GET /v3/nodes/4711', 'GET /v3/tasks/4711', 'POST /v3/tasks', 'POST /v3/tasks/submit',
    ]);
    expect(wire.submitProofRequest.decode(server.seen[6]?.body ?? new Uint8Array())).toMatchObject({ taskId: 't-1', proofHash: submission.proofHash });
    expect(server.seen[1]?.rawHeaders.filter((_, i) => i % 2 === 0)).toEqual(['user-agent', 'x-build-timestamp', 'accept', 'host']);
    expect(new Set(server.seen.map(({ socket }) => socket)).size).toBe(1);
  });

  test('a path in the orchestrator’s address is a prefix', async () => {
    await client({ url: `${server.url}/net/v1/` }).submitProof(submission);
    expect(server.seen[0]?.url).toBe('/net/v1/v3/tasks/submit');
  });

  test('our own name unless configured', async () => {
    await client().submitProof(submission);
    expect(server.seen[0]?.rawHeaders).toEqual(expect.arrayContaining(['user-agent', 'provefleet/0.1.0']));
  });

  test('a key of wrong length never leaves', async () => {
    expect((await failure(client().getProofTask({ nodeId: '1', publicKey: new Uint8Array(31) }))).code).toBe('InvalidRequest');
    expect(server.seen).toHaveLength(0);
  });
});

describe('answers without a task', () => {
  test.each([
    ['200 with an empty body', 200, ''],
    ['204', 204, ''],
    ['a task without an id', 200, wire.getProofTaskResponse.encode({ task: task({ taskId: '' }) })],
  ])('%s is MissingTask', async (_name, status, body) => {
    server.answer = (response) => response.writeHead(status).end(body || undefined);
    expect((await failure(fetchTask(client()))).code).toBe('MissingTask');
  });

  test('an unknown task type is named', async () => {
    server.answer = (response) => response.end(wire.getProofTaskResponse.encode({ task: task({ taskId: 'odd', taskType: 42 }) }));
    expect(await failure(fetchTask(client()))).toMatchObject({ code: 'UnknownTaskType', taskId: 'odd', message: expect.stringContaining('42') });
  });

  test('an unknown difficulty counts as SMALL and is flagged', async () => {
    server.answer = (response) => response.end(wire.getProofTaskResponse.encode({ task: task({ taskId: 'odd', difficulty: 4 }) }));
    expect(await fetchTask(client())).toMatchObject({ difficulty: 'SMALL', difficultyKnown: false, rawDifficulty: 4 });
  });

  test('the deprecated fields are read when there is no task', async () => {
    server.answer = (response) => response.end(wire.getProofTaskResponse.encode({ taskId: 'old', programId: 'fast-fib', publicInputs: Uint8Array.of(9) }));
    expect(await fetchTask(client())).toEqual({
      taskId: 'old', programId: 'fast-fib', inputs: [Uint8Array.of(9)], taskType: 'PROOF_REQUIRED', difficulty: 'SMALL',
      difficultyKnown: true, rawDifficulty: 0, createdAt: null, fromDeprecatedFields: true,
    });
  });

  test('a task’s deprecated single input, and a task without any', async () => {
    server.answer = (response) => response.end(wire.getProofTaskResponse.encode({ task: task({ taskId: 'a', publicInputsList: [], publicInputs: Uint8Array.of(3) }) }));
    expect((await fetchTask(client())).inputs).toEqual([Uint8Array.of(3)]);
    server.answer = (response) => response.end(wire.getProofTaskResponse.encode({ task: task({ taskId: 'a', publicInputsList: [] }) }));
    expect((await fetchTask(client())).inputs).toEqual([]);
  });

  test('a registration without a node id is undecodable', async () => {
    expect((await failure(client().registerNode({ userId: 'u' }))).code).toBe('Undecodable');
  });

  test.each([
    ['garbage', 'application/octet-stream', Buffer.from('ff00ff00ffff', 'hex')],
    ['a message cut short', 'application/octet-stream', wire.getProofTaskResponse.encode({ task: task({ taskId: 'a'.repeat(50) }) }).slice(0, 20)],
    ['a web page', 'text/html; charset=utf-8', Buffer.from('<html>Sign in to continue</html>')],
  ])('%s with status 200 is undecodable', async (_name, type, body) => {
    server.answer = (response) => response.writeHead(200, { 'content-type': type }).end(body);
    expect((await failure(fetchTask(client()))).code).toBe('Undecodable');
  });

  test('a web page does not count as an accepted proof', async () => {
    server.answer = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    expect((await failure(client().submitProof(submission))).code).toBe('Undecodable');
  });
});

describe('statuses', () => {
  const wallNow = () => Date.UTC(2026, 10, 24, 7, 0, 0);
  test.each([
    ['seconds', '90', 90_000],
    ['zero', '0', 0],
    ['a date', 'Tue, 24 Nov 2026 07:01:30 GMT', 90_000],
    ['a date gone by', 'Tue, 24 Nov 2026 06:00:00 GMT', 0],
    ['nothing', undefined, null],
    ['nonsense', 'soon', null],
    ['a negative number', '-5', null],
    ['a fraction', '1.5', null],
    ['far too many digits', '99999999999999999999', null],
  ])('429 with Retry-After as %s', async (_name, header, retryAfterMs) => {
    server.answer = (response) => {
      response.sendDate = false;
      response
        .writeHead(429, { 'content-type': 'application/json', ...(header === undefined ? {} : { 'retry-after': header }) })
        .end('{"name":"RateLimited","message":"slow down","httpCode":429}');
    };
    expect(await failure(client({ wallNow }).submitProof(submission))).toMatchObject({
      code: 'HttpStatus', status: 429, retryAfterMs, call: 'POST v3/tasks/submit',
      body: { name: 'RateLimited', message: 'slow down', httpCode: 429 },
      message: 'POST v3/tasks/submit: status 429: RateLimited: slow down',
    });
  });

  test('a Retry-After date counts by the server’s own clock, however wrong either is', async () => {
    server.answer = (response) => response.writeHead(503, { date: 'Tue, 24 Nov 2026 09:00:00 GMT', 'retry-after': 'Tue, 24 Nov 2026 09:00:20 GMT' }).end();
    expect((await failure(client({ wallNow }).submitProof(submission))).retryAfterMs).toBe(20_000);
  });

  test.each([
    ['nothing', ''],
    ['a web page', '<html><h1>502 Bad Gateway</h1></html>'],
    ['JSON of another shape', '{"error":"x"}'],
    ['a JSON list', '[1,2]'],
    ['JSON null', 'null'],
    ['cut JSON', '{"name":"x'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00])],
  ])('a status of 502 with %s for a body is a status all the same', async (_name, body) => {
    server.answer = (response) => response.writeHead(502).end(body);
    expect(await failure(fetchTask(client()))).toMatchObject({ code: 'HttpStatus', status: 502, body: null, retryAfterMs: null });
  });

  test('an error body with odd fields keeps what is usable, cut to length', async () => {
    server.answer = (response) => response.writeHead(404).end(JSON.stringify({ name: 7, message: 'm'.repeat(10_000), httpCode: '404' }));
    const { body } = await failure(fetchTask(client()));
    expect(body).toEqual({ name: '', message: 'm'.repeat(500), httpCode: null });
  });

  test('ids are not part of a call’s name', async () => {
    server.answer = (response) => response.writeHead(404).end();
    expect((await failure(client().getNode('4711'))).call).toBe('GET v3/nodes/{id}');
    expect((await failure(client().getAssignedTasks('4711'))).call).toBe('GET v3/tasks/{id}');
  });

  test('a redirect is a status, not followed', async () => {
    server.answer = (response) => response.writeHead(302, { location: `${server.url}/elsewhere` }).end();
    expect((await failure(fetchTask(client()))).status).toBe(302);
    expect(server.seen).toHaveLength(1);
  });
});

describe('a bad line', () => {
  const impatient = { limits: { requestTimeoutMs: 150 } };

  test('no headers in time', async () => {
    server.answer = () => undefined;
    expect(await failure(client(impatient).submitProof(submission))).toMatchObject({ code: 'Timeout', phase: 'request', uncertain: true });
  });

  test('a body that drips', async () => {
    server.answer = (response) => {
      response.writeHead(200, { 'content-length': '1000' });
      const drip = setInterval(() => response.write('x'), 20);
      response.on('close', () => clearInterval(drip));
    };
    expect(await failure(fetchTask(client(impatient)))).toMatchObject({ code: 'Timeout', phase: 'request' });
  });

  test('no connection in time', async () => {
    // An address reserved for documentation: nothing answers there.
    const blackHole = new OrchestratorClient({ url: 'http://192.0.2.1:9', allowInsecureHttp: true, limits: { connectTimeoutMs: 100, requestTimeoutMs: 5_000 } });
    const error = await failure(fetchTask(blackHole));
    // A machine without any route says so at once instead of staying silent.
    expect(['Timeout', 'Network']).toContain(error.code);
    expect(error.uncertain).toBe(false);
    blackHole.close();
  });

  test('nobody listens', async () => {
    const spare = await FaultServer.start();
    const url = spare.url;
    await spare.stop();
    expect(await failure(fetchTask(client({ url })))).toMatchObject({ code: 'Network', uncertain: false, message: expect.stringContaining('ECONNREFUSED') });
  });

  test('reset before the answer', async () => {
    server.answer = (_response, { socket }) => socket.resetAndDestroy();
    expect(await failure(client().submitProof(submission))).toMatchObject({ code: 'Network', uncertain: true });
  });

  test('reset in the middle of the body', async () => {
    server.answer = (response, { socket }) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('some of it', () => socket.resetAndDestroy());
    };
    expect(await failure(fetchTask(client()))).toMatchObject({ code: 'Network', uncertain: true });
  });

  test('closed in the middle of the body', async () => {
    server.answer = (response, { socket }) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('some of it', () => socket.end());
    };
    expect((await failure(fetchTask(client()))).code).toBe('Network');
  });

  test('something that is not HTTP', async () => {
    const odd = net.createServer((socket) => socket.resume().end('SSH-2.0-OpenSSH\r\n'));
    await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(odd.address() as net.AddressInfo).port}`;
    expect((await failure(fetchTask(client({ url })))).code).toBe('Network');
    await new Promise((resolve) => odd.close(resolve));
  });

  test('TLS asked of a plain server', async () => {
    expect((await failure(fetchTask(client({ url: server.url.replace('http:', 'https:') })))).code).toBe('Network');
  });

  test.each([
    ['an announced length', (size: number) => ({ 'content-length': String(size) })],
    ['no length', () => ({})],
  ])('an answer beyond the limit is cut off, with %s', async (_name, headers) => {
    const size = 3_000_000;
    server.answer = (response) => {
      response.writeHead(200, headers(size));
      response.end(Buffer.alloc(size));
    };
    expect(await failure(fetchTask(client({ limits: { maxResponseBytes: 100_000 } })))).toMatchObject({ code: 'TooLarge' });
  });

  test('abort before, during, and after', async () => {
    const c = client();
    expect((await failure(fetchTask(c, AbortSignal.abort()))).code).toBe('Aborted');
    expect(server.seen).toHaveLength(0);
    const abort = new AbortController();
    server.answer = () => abort.abort();
    expect(await failure(fetchTask(c, abort.signal))).toMatchObject({ code: 'Aborted', uncertain: true });
    server.answer = (response) => response.end();
    const late = new AbortController();
    await c.submitProof(submission, late.signal);
    late.abort();
    await c.submitProof(submission);
  });

  test('after any fault the same client goes on', async () => {
    const c = client(impatient);
    server.answer = (_response, { socket }) => socket.resetAndDestroy();
    await failure(fetchTask(c));
    server.answer = (response) => response.writeHead(200).end();
    await c.submitProof(submission);
  });
});

test('a version policy is fetched from beside the orchestrator', async () => {
  server.answer = (response) => response.end('{"version_constraints":[]}');
  expect(await fetchVersionPolicy(`${server.url}/version.json`)).toEqual({ version_constraints: [], ofac_country_names: {} });
  server.answer = (response) => response.writeHead(503).end();
  expect(await failure(fetchVersionPolicy(`${server.url}/version.json`))).toMatchObject({ code: 'HttpStatus', status: 503 });
});

function task(fields: Partial<WireTask>): WireTask {
  return {
    taskId: 't', programId: 'fast-fib', publicInputs: new Uint8Array(), createdAt: null, publicInputsList: [Uint8Array.of(9)],
    taskType: TASK_TYPE.PROOF_REQUIRED, difficulty: TASK_DIFFICULTY.SMALL, ...fields,
  };
}
