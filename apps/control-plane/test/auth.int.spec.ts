import { statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sessionSchema } from '@provefleet/fleet-protocol';
import { Api } from './support/api.js';
import { ControlPlane, ORIGIN, TestDatabase } from './support/control-plane.js';
import { eventually } from './support/eventually.js';

let database: TestDatabase;
let plane: ControlPlane;

beforeAll(async () => {
  database = await TestDatabase.start();
  plane = await ControlPlane.start(database);
});
afterAll(async () => {
  await ControlPlane.endAll();
  await database?.stop();
});

describe('the first user', () => {
  it('gets a strong password in a file for its owner alone, and the log names the file only', () => {
    expect(plane.password.length).toBeGreaterThanOrEqual(20);
    expect(statSync(plane.passwordFile).mode & 0o777).toBe(0o600);
    expect(plane.log).toContain(plane.passwordFile);
    expect(plane.log).not.toContain(plane.password);
  });

  it('is made once: a restart keeps the password', async () => {
    const again = await ControlPlane.start(database);
    expect((await new Api(again).login(plane.password)).status).toBe(200);
    expect(await again.end()).toBe(0);
    expect(await database.query('SELECT name FROM user_account')).toEqual([{ name: 'admin' }]);
  });
});

describe('signing in', () => {
  it('sets a cookie that no script and no other site can use', async () => {
    const answer = await new Api(plane).login(plane.password);
    expect(sessionSchema.parse(answer.body)).toMatchObject({ user: 'admin', role: 'admin' });
    const [cookie] = answer.headers.getSetCookie();
    expect(cookie).toMatch(/^provefleet_session=[\w-]{43}; /);
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
    expect(cookie).not.toContain('Secure'); // the dashboard is on loopback
  });

  it('marks the cookie Secure when the dashboard is elsewhere', async () => {
    const origin = 'https://fleet.example.org';
    const other = await ControlPlane.start(database, { env: { PROVEFLEET_WEB_ORIGIN: origin } });
    const answer = await new Api(other, { origin }).login(plane.password);
    expect(answer.headers.getSetCookie()[0]).toContain('Secure');
    await other.end();
  });

  it('answers a wrong user as a wrong password, in the same time', async () => {
    const time = async (user: string) => {
      const from = performance.now();
      const { status, body } = await new Api(plane).call('POST', 'auth/login', { user, password: 'wrong' });
      return { ms: performance.now() - from, status, code: body.code, detail: body.detail };
    };
    await time('nobody'); // makes the hash that stands in for unknown users
    const [known, unknown] = [await time('admin'), await time('nobody')];
    expect(known).toMatchObject({ status: 401, code: 'invalid-credentials' });
    expect({ ...unknown, ms: 0 }).toEqual({ ...known, ms: 0 });
    // Without the stand-in an unknown user would be answered some fifty times faster.
    expect(unknown.ms).toBeGreaterThan(known.ms / 5);
  });

  it('slows down who guesses, also in parallel, and counts only failures', async () => {
    const guessed = await ControlPlane.start(database);
    for (let i = 0; i < 3; i++) expect((await new Api(guessed).login(plane.password)).status).toBe(200);
    const from = Date.now();
    const statuses = await Promise.all(Array.from({ length: 20 }, async () => (await new Api(guessed).call('POST', 'auth/login', { user: 'admin', password: 'wrong' })).status));
    // Ten at once, and one more for every six seconds it took.
    const allowed = 10 + Math.ceil((Date.now() - from) / 6_000);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(allowed);
    const refused = await eventually(async () => {
      const answer = await new Api(guessed).call('POST', 'auth/login', { user: 'admin', password: 'wrong' });
      return answer.status === 429 && answer;
    });
    expect({ code: refused.body.code, retry: refused.headers.get('retry-after') }).toEqual({ code: 'too-many-requests', retry: '5' });
    await guessed.end();
  });
});

describe('sessions', () => {
  it('end at sign-out, on the server: a stolen cookie is worth nothing then', async () => {
    const api = await Api.signedIn(plane);
    expect((await api.call('GET', 'auth/session')).status).toBe(200);
    expect((await api.call('POST', 'auth/logout')).status).toBe(204);
    expect(await api.call('GET', 'auth/session')).toMatchObject({ status: 401, body: { code: 'session-required' } });
  });

  it('expire', async () => {
    const api = await Api.signedIn(plane);
    await database.query("UPDATE session SET expires_at = now() - interval '1 second' WHERE revoked_at IS NULL");
    expect((await api.call('GET', 'machines')).status).toBe(401);
  });

  it.each(['', 'provefleet_session=', 'provefleet_session=guess', `provefleet_session=${'a'.repeat(5000)}`, 'provefleet_session=%00%ff'])('are not made up: %s', async (cookie) => {
    expect((await new Api(plane).call('GET', 'machines', undefined, { cookie })).status).toBe(401);
  });
});

describe('requests from other sites', () => {
  it.each([
    ['another site', { origin: 'https://evil.example' }],
    ['a look-alike', { origin: `${ORIGIN}.evil.example` }],
    ['no origin', {}],
    ['an opaque origin', { origin: 'null' }],
  ])('may not write: %s', async (_name, headers) => {
    const api = await Api.signedIn(plane);
    const stranger = new Api(plane, headers as Record<string, string>);
    stranger.cookie = api.cookie;
    for (const [method, path, body] of [['POST', 'join-tokens', {}], ['POST', 'auth/logout'], ['POST', 'auth/login', { user: 'admin', password: plane.password }]] as const) {
      expect(await stranger.call(method, path, body)).toMatchObject({ status: 403, body: { code: 'origin-refused' } });
    }
    expect((await api.call('GET', 'auth/session')).status).toBe(200);
  });

  it('are not told by CORS that they may read', async () => {
    const preflight = await fetch(`${plane.url}/api/v1/machines`, { method: 'OPTIONS', headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' } });
    expect(preflight.headers.get('access-control-allow-origin')).not.toBe('https://evil.example');
    const own = await fetch(`${plane.url}/api/v1/health`, { headers: { origin: ORIGIN } });
    expect(own.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  });
});

describe('problems', () => {
  it('carry a code, the field at fault and the correlation id of the log', async () => {
    const api = await Api.signedIn(plane);
    const answer = await api.call('POST', 'join-tokens', { uses: 'many' }, { 'x-correlation-id': 'from-the-caller' });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toEqual(expect.objectContaining({ status: 400, code: 'request-invalid', field: 'body.uses', correlationId: 'from-the-caller', type: 'urn:provefleet:problem:request-invalid' }));
    expect(answer.headers.get('x-correlation-id')).toBe('from-the-caller');
    await eventually(async () => plane.log.includes('"correlationId":"from-the-caller"')); // written after the answer
  });

  it('do not take a correlation id that could forge a log line', async () => {
    const answer = await new Api(plane).call('GET', 'machines', undefined, { 'x-correlation-id': 'a"}{"level":60' });
    expect(answer.body.correlationId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it.each([
    ['broken JSON', '{"a":', 400],
    ['no object', '[1]', 400],
    ['too large', JSON.stringify({ labels: ['x'.repeat(300_000)] }), 413],
    ['deeply nested', `{"labels":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 400],
    ['a prototype', '{"__proto__":{"uses":5},"uses":0}', 400],
  ])('answer a body that is %s', async (_name, body, status) => {
    const api = await Api.signedIn(plane);
    expect((await api.call('POST', 'join-tokens', body)).status).toBe(status);
  });

  it.each(['../../etc/passwd', '%2e%2e%2fetc%2fpasswd', "x' OR '1'='1"])('answer a machine id that is %s', async (id) => {
    const api = await Api.signedIn(plane);
    expect((await api.call('GET', `machines/${id}`)).status).toBeGreaterThanOrEqual(400);
  });
});

it('keeps no password, session or join token in clear, neither in the database nor in the log', async () => {
  const api = await Api.signedIn(plane);
  const { token } = await api.ok<{ token: string }>('POST', 'join-tokens', { labels: ['secret-check'] });
  await api.call('POST', 'auth/login', { user: 'hunter2-typed-in-the-wrong-field', password: 'wrong' });
  const dump = await database.dump();
  expect(dump).toContain('secret-check');
  for (const text of [dump, plane.log]) {
    for (const secret of [plane.password, api.cookie.split('=')[1] ?? '', token, 'hunter2']) {
      expect(secret.length).toBeGreaterThan(6);
      expect(text.includes(secret)).toBe(false);
    }
  }
});

it('writes what happened to the audit, which nobody can change afterwards', async () => {
  const actions = await database.query<{ action: string }>('SELECT DISTINCT action FROM audit_entry ORDER BY 1');
  expect(actions.map(({ action }) => action)).toEqual(expect.arrayContaining(['join-token-created', 'login', 'login-failed', 'logout', 'user-created']));
  for (const statement of ["UPDATE audit_entry SET actor = 'somebody else'", 'DELETE FROM audit_entry', 'TRUNCATE audit_entry']) {
    await expect(database.query(statement)).rejects.toThrow('append-only');
  }
});
