import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createGateway } from '../server/gateway.mjs';
import { readSettings } from '../server/settings.mjs';

const listen = (server: Server): Promise<number> => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));
const close = (server: Server): Promise<void> => new Promise((resolve) => {
  server.closeAllConnections();
  server.close(() => resolve());
});

describe('the gateway to the control plane', () => {
  let upstream: Server;
  let front: Server;
  let base: string;
  let port: number;
  let gateway: ReturnType<typeof createGateway>;
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const log = jest.fn<(message: string) => void>();

  beforeEach(async () => {
    log.mockClear();
    answer = (_, response) => response.end();
    upstream = createServer((incoming, response) => answer(incoming, response));
    const upstreamPort = await listen(upstream);
    gateway = createGateway({ controlPlaneUrl: new URL(`http://127.0.0.1:${upstreamPort}`), log, timeoutMs: 300 });
    front = createServer((incoming, response) => (gateway.takes(incoming.url) ? gateway.handle(incoming, response) : response.writeHead(404).end('page')));
    front.on('upgrade', (incoming, socket, head) => gateway.upgrade(incoming, socket, head));
    port = await listen(front);
    base = `http://127.0.0.1:${port}`;
  });
  afterEach(async () => {
    gateway.close();
    await close(front);
    if (upstream.listening) await close(upstream);
  });

  test('hands on method, path, query, body, cookie and origin, and brings back status, headers and cookies', async () => {
    answer = (incoming, response) => {
      let body = '';
      incoming.on('data', (part: Buffer) => (body += part.toString()));
      incoming.on('end', () => {
        response.writeHead(201, { 'content-type': 'application/json', 'set-cookie': ['a=1; HttpOnly', 'b=2'], 'x-correlation-id': 'c-1' });
        response.end(JSON.stringify({ method: incoming.method, url: incoming.url, body, headers: incoming.headers }));
      });
    };
    const response = await fetch(`${base}/api/v1/machines/1/desired?x=%20y`, { method: 'PUT', body: '{"workers":3}', headers: { cookie: 's=1', origin: base, 'content-type': 'application/json' } });
    expect(response.status).toBe(201);
    expect(response.headers.getSetCookie()).toEqual(['a=1; HttpOnly', 'b=2']);
    expect(response.headers.get('x-correlation-id')).toBe('c-1');
    const seen = (await response.json()) as { method: string; url: string; body: string; headers: Record<string, string> };
    expect(seen).toMatchObject({ method: 'PUT', url: '/api/v1/machines/1/desired?x=%20y', body: '{"workers":3}' });
    expect(seen.headers).toMatchObject({ cookie: 's=1', origin: base, host: `127.0.0.1:${port}`, 'x-forwarded-host': `127.0.0.1:${port}`, 'x-forwarded-proto': 'http', 'x-forwarded-for': '127.0.0.1' });
  });

  test('adds the caller after the addresses a proxy before it named', async () => {
    answer = (incoming, response) => response.end(incoming.headers['x-forwarded-for']);
    const response = await fetch(`${base}/api/v1/health`, { headers: { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' } });
    expect(await response.text()).toBe('203.0.113.7, 127.0.0.1');
  });

  test('takes nothing but the interface', () => {
    expect(['/', '/machines', '/api/v1', '/api/v10/x', '/x/api/v1/', undefined].some((url) => gateway.takes(url))).toBe(false);
    expect(gateway.takes('/api/v1/live')).toBe(true);
  });

  test('a control plane that is down is a problem with its own code, and is logged without the query', async () => {
    await close(upstream);
    const response = await fetch(`${base}/api/v1/machines?q=secret`);
    expect(response.status).toBe(502);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ status: 502, code: 'control-plane-unreachable', detail: expect.stringContaining('nothing listens there') });
    expect(log).toHaveBeenCalledTimes(1);
    expect(log.mock.calls[0]?.[0]).toContain('/api/v1/machines');
    expect(log.mock.calls[0]?.[0]).not.toContain('secret');
  });

  test('a control plane that is silent is given up after the time', async () => {
    answer = () => undefined;
    const response = await fetch(`${base}/api/v1/health`);
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ detail: expect.stringContaining('no answer in 0.3 s') });
  });

  test('a control plane that dies within its answer ends the answer, not the server', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    };
    await expect(fetch(`${base}/api/v1/overview`).then((response) => response.text())).rejects.toThrow();
    answer = (_, response) => response.end('well');
    expect(await (await fetch(`${base}/api/v1/health`)).text()).toBe('well');
  });

  test('a browser that leaves ends the request behind it', async () => {
    const left = new Promise<void>((resolve) => {
      answer = (incoming) => incoming.on('close', () => resolve());
    });
    const abort = new AbortController();
    const call = fetch(`${base}/api/v1/overview`, { signal: abort.signal });
    setTimeout(() => abort.abort(), 50);
    await expect(call).rejects.toThrow();
    await left;
  });

  const upgradeRequest = (): Promise<{ socket: Socket; text: () => string; until: (part: string) => Promise<void>; closed: Promise<void> }> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        let received = '';
        const waiting: (() => void)[] = [];
        socket.on('data', (part) => {
          received += part.toString();
          for (const check of waiting) check();
        });
        const closed = new Promise<void>((done) => socket.on('close', () => done()));
        socket.write(`GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\nCookie: s=1\r\nOrigin: http://here\r\n\r\n`);
        const until = (part: string) => new Promise<void>((done) => {
          const check = () => received.includes(part) && done();
          waiting.push(check);
          check();
        });
        resolve({ socket, text: () => received, until, closed });
      });
    });

  test('a live connection passes through in both directions with its cookie and key, and ends on both sides', async () => {
    let seen: IncomingMessage['headers'] = {};
    let end: () => void = () => undefined;
    const upstreamEnded = new Promise<void>((resolve) => (end = resolve));
    upstream.on('upgrade', (incoming, socket) => {
      seen = incoming.headers;
      // A server's sockets stay half open until they end themselves.
      socket.on('end', () => socket.end());
      socket.on('close', () => end());
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: xyz\r\n\r\nhello');
      socket.on('data', (part: Buffer) => socket.write(`echo:${part.toString()}`));
    });
    const live = await upgradeRequest();
    await live.until('hello');
    expect(live.text()).toMatch(/^HTTP\/1\.1 101 /);
    expect(live.text()).toContain('Sec-WebSocket-Accept: xyz');
    expect(seen).toMatchObject({ cookie: 's=1', origin: 'http://here', 'sec-websocket-key': 'abc', upgrade: 'websocket', 'x-forwarded-for': '127.0.0.1' });
    live.socket.write('ping');
    await live.until('echo:ping');
    gateway.close();
    await live.closed;
    await upstreamEnded;
  });

  test('a live connection that the control plane refuses gets its answer', async () => {
    upstream.on('upgrade', (_, socket) => socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'));
    const live = await upgradeRequest();
    await live.closed;
    expect(live.text()).toMatch(/^HTTP\/1\.1 401 /);
  });

  test('a live connection without a control plane is refused, and the server serves on', async () => {
    await close(upstream);
    const live = await upgradeRequest();
    await live.closed;
    expect(live.text()).toMatch(/^HTTP\/1\.1 502 /);
    const status = await new Promise((resolve) => request(`${base}/`, (response) => resolve(response.resume().statusCode)).end());
    expect(status).toBe(404);
  });
});

describe('settings', () => {
  test('have defaults that fit the other parts', () => {
    expect(readSettings({}).settings).toMatchObject({ port: 3000, host: '127.0.0.1' });
    expect(readSettings({}).settings?.controlPlaneUrl.href).toBe('http://127.0.0.1:4000/');
    expect(readSettings({ PROVEFLEET_CONTROL_PLANE_PORT: '4100' }).settings?.controlPlaneUrl.port).toBe('4100');
    expect(readSettings({ PORT: '8000', PROVEFLEET_WEB_PORT: '9000' }).settings?.port).toBe(9000);
    expect(readSettings({ PORT: '8000' }).settings?.port).toBe(8000);
  });
  test.each([
    [{ PROVEFLEET_WEB_PORT: 'http' }, 'PROVEFLEET_WEB_PORT="http" is not a port'],
    [{ PORT: '70000' }, 'PORT="70000" is not a port'],
    [{ PROVEFLEET_CONTROL_PLANE_URL: 'localhost:4000' }, 'PROVEFLEET_CONTROL_PLANE_URL="localhost:4000"'],
    [{ PROVEFLEET_CONTROL_PLANE_URL: 'http://here/path' }, 'PROVEFLEET_CONTROL_PLANE_URL='],
    [{ PROVEFLEET_PUBLIC_URL: 'ftp://here' }, 'PROVEFLEET_PUBLIC_URL="ftp://here"'],
  ])('%j is refused by name', (environment, problem) => {
    expect(readSettings(environment).problem).toContain(problem);
  });
});
