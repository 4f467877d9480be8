import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createdJoinTokenSchema, enrolledSchema, joinTokenListSchema } from '@provefleet/fleet-protocol';
import { Identity, ScriptedAgent } from './support/agent.js';
import { Api } from './support/api.js';
import { ControlPlane, TestDatabase } from './support/control-plane.js';

let database: TestDatabase;
let plane: ControlPlane;
let api: Api;
/** A machine has no cookie and no origin. */
let machine: Api;

beforeAll(async () => {
  database = await TestDatabase.start();
  plane = await ControlPlane.start(database);
  api = await Api.signedIn(plane);
  machine = new Api(plane, {});
});
afterAll(async () => {
  await ControlPlane.endAll();
  await database?.stop();
});

const makeToken = async (options: object = {}) => createdJoinTokenSchema.parse(await api.ok('POST', 'join-tokens', options));

describe('a join token', () => {
  it('is shown once; the list has what it may do and how often it was used', async () => {
    const { token, ...shown } = await makeToken({ uses: 3, labels: ['berlin', 'berlin', 'rack 2'], requireApproval: true });
    expect(token.startsWith(shown.prefix)).toBe(true);
    await machine.call('POST', 'enrol', new Identity().enrolBody(token, 'shown-once'));
    const { items } = joinTokenListSchema.parse(await api.ok('GET', 'join-tokens'));
    expect(items[0]).toEqual({ ...shown, labels: ['berlin', 'rack 2'], used: 1 });
    expect(JSON.stringify(items)).not.toContain(token);
  });

  it.each([
    ['unknown', async () => 'pfj_' + 'x'.repeat(43), 'join-token-unknown'],
    [
      'expired',
      async () => {
        const { id, token } = await makeToken();
        await database.query("UPDATE join_token SET expires_at = now() - interval '1 second' WHERE id = $1", [id]);
        return token;
      },
      'join-token-expired',
    ],
    [
      'revoked',
      async () => {
        const { id, token } = await makeToken();
        expect((await api.call('DELETE', `join-tokens/${id}`)).status).toBe(204);
        return token;
      },
      'join-token-revoked',
    ],
    [
      'used up',
      async () => {
        const { token } = await makeToken();
        await new Identity().enrol(machine, { token });
        return token;
      },
      'join-token-used-up',
    ],
  ])('that is %s lets nobody in', async (_name, token, code) => {
    expect(await machine.call('POST', 'enrol', new Identity().enrolBody(await token()))).toMatchObject({ status: 403, body: { code, field: 'body.token' } });
  });

  it('lets in as many as it may and not one more, however many come at once', async () => {
    const { token, id } = await makeToken({ uses: 3 });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => machine.call('POST', 'enrol', new Identity().enrolBody(token, `crowd-${i}`))));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.filter(({ body }) => body.code === 'join-token-used-up')).toHaveLength(7);
    // Whoever came too late left nothing behind.
    expect(await database.query("SELECT (SELECT used FROM join_token WHERE id = $1), (SELECT count(*)::int FROM machine WHERE name LIKE 'crowd-%') AS machines, (SELECT count(*)::int FROM audit_entry WHERE actor LIKE 'machine crowd-%') AS audited", [id])).toEqual([
      { used: 3, machines: 3, audited: 3 },
    ]);
  });

  it('cannot be revoked when it never was', async () => {
    expect(await api.call('DELETE', 'join-tokens/00000000-0000-4000-8000-000000000000')).toMatchObject({ status: 404, body: { code: 'join-token-not-found' } });
  });
});

describe('a machine', () => {
  it('gets its first document and the labels of the token', async () => {
    const { token } = await makeToken({ labels: ['berlin'] });
    const enrolled = enrolledSchema.parse(await machine.ok('POST', 'enrol', new Identity().enrolBody(token, 'labelled')));
    expect(enrolled).toMatchObject({ name: 'labelled', approved: true, revision: 1, document: { workers: 'auto', paused: false } });
    expect(await api.ok('GET', `machines/${enrolled.machineId}`)).toMatchObject({ labels: ['berlin'], state: 'offline', reason: 'has not connected yet', lastSeenAt: null });
  });

  it('must hold the key it brings', async () => {
    const { token } = await makeToken();
    const body = new Identity().enrolBody(token, 'thief');
    expect(await machine.call('POST', 'enrol', { ...body, publicKey: new Identity().publicKey })).toMatchObject({ status: 400, body: { code: 'enrolment-signature-invalid' } });
    expect(await machine.call('POST', 'enrol', { ...body, sealingKey: 'ef'.repeat(32) })).toMatchObject({ status: 400, body: { code: 'enrolment-signature-invalid' } });
    expect((await machine.call('POST', 'enrol', body)).status).toBe(201); // neither spent the token
  });

  it('that joins again with the same key is the same machine, and spends nothing', async () => {
    const { token, id } = await makeToken({ uses: 2 });
    const identity = new Identity();
    const [first, second] = [await identity.enrol(machine, { token, name: 'again' }), await identity.enrol(machine, { token, name: 'other-name' })];
    expect(second).toEqual(first);
    const twins = await Promise.all([new Identity()].flatMap((twin) => [1, 2, 3].map(() => twin.enrol(machine, { token, name: 'twin' }))));
    expect(new Set(twins.map(({ machineId }) => machineId)).size).toBe(1);
    expect(await database.query('SELECT used FROM join_token WHERE id = $1', [id])).toEqual([{ used: 2 }]);
  });

  it('whose name another one has gets a number behind it', async () => {
    const { token } = await makeToken({ uses: 5 });
    const long = 'n'.repeat(63);
    const names = [];
    for (const name of ['same', 'same', 'same', long, long]) names.push((await new Identity().enrol(machine, { token, name })).name);
    expect(names).toEqual(['same', 'same-2', 'same-3', long, `${'n'.repeat(61)}-2`]);
  });

  it('waits for approval when the token says so, and learns of it at once', async () => {
    const { token } = await makeToken({ requireApproval: true });
    const identity = new Identity();
    expect(await identity.enrol(machine, { token, name: 'patient' })).toMatchObject({ approved: false });
    const waiting = await ScriptedAgent.join(plane, identity);
    expect(waiting.welcome.approved).toBe(false);
    expect(await api.ok('GET', `machines/${identity.machineId}`)).toMatchObject({ state: 'pending', reason: 'waits for approval' });

    expect(await api.ok('POST', `machines/${identity.machineId}/approve`, { reason: 'known rack' })).toMatchObject({ state: 'offline' });
    expect(await waiting.closed).toEqual({ code: 4503, reason: 'approved; connect again' });
    const approved = await ScriptedAgent.join(plane, identity);
    expect(approved.welcome.approved).toBe(true);
    await approved.disconnect();
    expect(await database.query("SELECT actor, reason FROM audit_entry WHERE action = 'machine-approved'")).toEqual([{ actor: 'admin', reason: 'known rack' }]);
  });

  it('that was revoked is out of every list, cannot be changed, and comes back only with a valid token', async () => {
    const { token } = await makeToken({ uses: 2 });
    const identity = new Identity();
    await identity.enrol(machine, { token, name: 'revoked-one' });
    expect(await api.ok('POST', `machines/${identity.machineId}/revoke`)).toMatchObject({ state: 'offline', reason: 'revoked' });
    const { items } = await api.ok<{ items: { name: string }[] }>('GET', 'machines?q=revoked-one');
    expect(items).toEqual([]);
    expect(await api.call('PUT', `machines/${identity.machineId}/desired`, { paused: true })).toMatchObject({ status: 409, body: { code: 'machine-revoked' } });
    expect(await api.call('POST', `machines/${identity.machineId}/approve`)).toMatchObject({ status: 409, body: { code: 'machine-revoked' } });

    const again = await identity.enrol(machine, { token });
    expect(again.machineId).toBe(identity.machineId);
    const agent = await ScriptedAgent.join(plane, identity);
    await agent.disconnect();
    await api.ok('POST', `machines/${identity.machineId}/revoke`);
    expect(await machine.call('POST', 'enrol', identity.enrolBody(token))).toMatchObject({ status: 403, body: { code: 'join-token-used-up' } });
  });
});

it('slows down who tries tokens, and not those who join', async () => {
  const other = await ControlPlane.start(database);
  const guesser = new Api(other, {});
  const { token } = await makeToken({ uses: 30 });
  for (let i = 0; i < 30; i++) expect((await guesser.call('POST', 'enrol', new Identity().enrolBody(token, `rack-${i}`))).status).toBe(201);
  const answers = await Promise.all(Array.from({ length: 25 }, (_, i) => guesser.call('POST', 'enrol', new Identity().enrolBody(`pfj_guess-number-${i}`))));
  expect(answers.filter(({ status }) => status === 403)).toHaveLength(20);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(5);
  await other.end();
});
