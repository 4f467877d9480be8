import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** What is handed on. Everything else is a page. */
const PREFIX = '/api/v1/';
/** How long the control plane may be silent during one request, in milliseconds. */
const TIMEOUT_MS = 30_000;
/** Headers about one connection (RFC 9110, 7.6.1): they are not handed on. */
const HOP_HEADERS = ['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

/**
 * @typedef {import('node:http').IncomingMessage} Request
 * @typedef {import('node:http').ServerResponse} Response
 * @typedef {import('node:stream').Duplex} Duplex
 */

/**
 * Hands requests and WebSockets under `/api/v1/` on to the control plane, and says so with a problem (RFC 9457, code
 * `control-plane-unreachable`) when it does not answer.
 * @param {{ controlPlaneUrl: URL, log: (message: string) => void, timeoutMs?: number }} options
 */
export function createGateway({ controlPlaneUrl, log, timeoutMs = TIMEOUT_MS }) {
  const secure = controlPlaneUrl.protocol === 'https:';
  const send = secure ? httpsRequest : httpRequest;
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  /** @type {Set<Duplex>} */
  const tunnels = new Set();

  /** @param {Request} request */
  const target = (request) => ({
    protocol: controlPlaneUrl.protocol,
    hostname: controlPlaneUrl.hostname.replace(/^\[|\]$/g, ''),
    port: controlPlaneUrl.port,
    method: request.method,
    path: request.url,
  });

  /** @param {Request} request @param {Response} response */
  function handle(request, response) {
    const outgoing = send({ ...target(request), agent, headers: forwarded(request, HOP_HEADERS), timeout: timeoutMs });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer in ${timeoutMs / 1_000} s`)));
    outgoing.on('response', (answer) => {
      const headers = { ...answer.headers };
      for (const name of HOP_HEADERS) delete headers[name];
      response.writeHead(answer.statusCode ?? 502, headers);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    outgoing.on('error', (error) => {
      if (response.headersSent || response.destroyed) {
        response.destroy();
        return;
      }
      log(`${request.method} ${new URL(request.url ?? '/', controlPlaneUrl).pathname} not handed on: ${reason(error)}`);
      const body = JSON.stringify({
        type: 'about:blank',
        title: 'Control plane unreachable',
        status: 502,
        detail: `The dashboard's server gets no answer from the control plane: ${reason(error)}.`,
        code: 'control-plane-unreachable',
        correlationId: '',
      });
      response.writeHead(502, { 'content-type': 'application/problem+json', 'cache-control': 'no-store', 'content-length': Buffer.byteLength(body) });
      response.end(body);
    });
    response.on('close', () => {
      if (!response.writableFinished) outgoing.destroy();
    });
    request.pipe(outgoing);
  }

  /** @param {Request} request @param {Duplex} socket @param {Buffer} head */
  function upgrade(request, socket, head) {
    socket.on('error', () => socket.destroy());
    const outgoing = send({ ...target(request), headers: { ...forwarded(request, []), connection: 'Upgrade', upgrade: 'websocket' } });
    outgoing.on('upgrade', (answer, upstream, upstreamHead) => {
      upstream.on('error', () => upstream.destroy());
      upstream.on('close', () => socket.destroy());
      socket.on('close', () => upstream.destroy());
      socket.write(headOf(answer));
      if (upstreamHead.length > 0) socket.write(upstreamHead);
      if (head.length > 0) upstream.write(head);
      tunnels.add(socket);
      socket.on('close', () => tunnels.delete(socket));
      socket.pipe(upstream).pipe(socket);
    });
    // The control plane refused: its answer goes to the browser as it is.
    outgoing.on('response', (answer) => {
      socket.write(headOf(answer));
      answer.pipe(socket);
    });
    outgoing.on('error', (error) => {
      log(`Live connection not handed on: ${reason(error)}`);
      socket.end('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n');
    });
    socket.on('close', () => outgoing.destroy());
    outgoing.end();
  }

  return {
    /** @param {string | undefined} url */
    takes: (url) => url?.startsWith(PREFIX) ?? false,
    handle,
    upgrade,
    /** Ends what would keep the process alive. */
    close() {
      agent.destroy();
      for (const socket of tunnels) socket.destroy();
    },
  };
}

/**
 * The request's headers for the control plane: with the browser's address added for its rate limits, and the Host as
 * the browser wrote it, so that an Origin can be compared with it.
 * @param {Request} request @param {readonly string[]} without
 */
function forwarded(request, without) {
  /** @type {Record<string, string | string[] | undefined>} */
  const headers = { ...request.headers };
  for (const name of without) delete headers[name];
  const before = request.headers['x-forwarded-for'];
  headers['x-forwarded-for'] = [before, request.socket.remoteAddress].flat().filter(Boolean).join(', ');
  headers['x-forwarded-host'] ??= request.headers.host;
  headers['x-forwarded-proto'] ??= 'http';
  return headers;
}

/** @param {Request} answer */
function headOf(answer) {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
  for (let index = 0; index < answer.rawHeaders.length; index += 2) lines.push(`${answer.rawHeaders[index]}: ${answer.rawHeaders[index + 1]}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** @param {Error & { code?: string }} error */
const reason = (error) => (error.code === 'ECONNREFUSED' ? 'nothing listens there' : error.message || error.code || 'unknown');
