import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import type { Log } from './log.js';
import { Orchestrator, type OrchestratorParts } from './orchestrator.js';
import type { OrchestratorOptions } from './options.js';
import type { CallKind } from './scenarios/scenario.js';
import { WireError, errorAnswer, type Answer } from './wire-error.js';

/** Larger than any proof of a task with dozens of inputs. */
const MAX_BODY_BYTES = 64 * 2 ** 20;
/** Longer than any client keeps an idle connection, so that it is always the client who closes. */
const KEEP_ALIVE_MS = 75_000;

const scenarioRequest = z.object({ name: z.string(), params: z.record(z.string(), z.union([z.string(), z.number()])).default({}) });

/** A running dev orchestrator. */
export interface RunningOrchestrator {
  readonly url: string;
  readonly port: number;
  readonly orchestrator: Orchestrator;
  stop(): Promise<void>;
}

/**
 * Starts the orchestrator on loopback.
 * @throws Error of code EADDRINUSE when the port is taken.
 */
export async function startOrchestrator(options: OrchestratorOptions, parts: OrchestratorParts): Promise<RunningOrchestrator> {
  const orchestrator = new Orchestrator(options, parts);
  const listener: http.RequestListener = (request, response) => {
    void serve(orchestrator, parts.log, request, response);
  };
  const server = await listen(listener, '127.0.0.1', options.port);
  const { port } = server.address() as AddressInfo;
  // `localhost` may mean either; a machine without IPv6 has the first alone.
  const second = await listen(listener, '::1', port).catch(() => null);
  const servers = second ? [server, second] : [server];
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    orchestrator,
    async stop() {
      await Promise.all(
        servers.map((each) => {
          each.closeAllConnections();
          return new Promise((resolve) => each.close(resolve));
        }),
      );
    },
  };
}

function listen(listener: http.RequestListener, host: string, port: number): Promise<http.Server> {
  const server = http.createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, listener);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

async function serve(orchestrator: Orchestrator, log: Log, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  try {
    const body = await readBody(request);
    send(response, path.startsWith('/dev/') ? dev(orchestrator, request.method ?? '', path, body) : await network(orchestrator, request.method ?? '', path, body), orchestrator);
  } catch (error) {
    if (error instanceof WireError) return send(response, errorAnswer(error.status, error.kind, error.message), orchestrator);
    if (request.destroyed && !request.complete) return;
    log('failure', { method: request.method, path, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    send(response, errorAnswer(500, 'InternalServerError', 'the dev orchestrator failed; see its log'), orchestrator);
  }
}

function network(orchestrator: Orchestrator, method: string, path: string, body: Uint8Array): Promise<Answer> {
  const { call, id } = route(method, path);
  return orchestrator.handle(call, id, body);
}

/** @throws WireError 400, 404, 405 */
function route(method: string, path: string): { call: CallKind; id: string } {
  const [, collection, id, more] = /^\/v3\/(users|nodes|tasks)(?:\/([^/]+))?(\/.*)?$/.exec(path) ?? [];
  const calls: Record<string, CallKind> = {
    'POST users': 'register-user',
    'GET users/': 'user',
    'POST nodes': 'register-node',
    'GET nodes/': 'node',
    'GET tasks/': 'assigned',
    'POST tasks': 'fetch',
    'POST tasks/submit': 'submit',
  };
  if (path === '/version.json' && method === 'GET') return { call: 'version', id: '' };
  if (!collection || more) throw new WireError(404, 'NotFoundError', 'there is nothing at this path');
  const call = calls[`${method} ${collection}${id === undefined ? '' : id === 'submit' && method === 'POST' ? '/submit' : '/'}`];
  if (!call) throw new WireError(405, 'MethodNotAllowedError', `${method} is not for this path`);
  try {
    return { call, id: decodeURIComponent(id ?? '') };
  } catch {
    throw new WireError(400, 'BadRequestError', 'the path is not percent-encoded properly');
  }
}

function dev(orchestrator: Orchestrator, method: string, path: string, body: Uint8Array): Answer {
  switch (`${method} ${path}`) {
    case 'GET /dev/ledger':
      return json(200, orchestrator.ledger.view());
    case 'GET /dev/stats':
      return json(200, orchestrator.ledger.stats());
    case 'GET /dev/scenario':
      return json(200, orchestrator.scenarioView);
    case 'POST /dev/scenario': {
      try {
        const { name, params } = scenarioRequest.parse(JSON.parse(Buffer.from(body).toString('utf8')));
        orchestrator.switchScenarioByName(name, params);
      } catch (error) {
        if (error instanceof SyntaxError || error instanceof z.ZodError || error instanceof RangeError) {
          return errorAnswer(400, 'BadRequestError', error instanceof RangeError ? error.message : 'the body must be {"name": "...", "params": {...}}');
        }
        throw error;
      }
      return json(200, orchestrator.scenarioView);
    }
    default:
      throw new WireError(404, 'NotFoundError', 'there are GET /dev/ledger, GET /dev/stats, GET and POST /dev/scenario');
  }
}

function json(status: number, value: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) };
}

/** Reads all of a body even when it is too large: who is not listened to never hears why. */
async function readBody(request: http.IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) throw new WireError(413, 'PayloadTooLargeError', `a body has at most ${MAX_BODY_BYTES} bytes`);
  return Buffer.concat(chunks);
}

function send(response: http.ServerResponse, answer: Answer, orchestrator: Orchestrator): void {
  const { status, headers, body, delivery } = answer;
  const { socket } = response;
  const head = (length: number): void => {
    response.writeHead(status, { ...headers, date: new Date(orchestrator.skewedNow()).toUTCString(), ...(status === 204 ? {} : { 'content-length': String(length) }) });
  };
  switch (delivery?.kind) {
    case undefined:
      head(body.length);
      response.end(body);
      return;
    case 'silence':
      return;
    case 'late': {
      const timer = setTimeout(() => {
        head(body.length);
        response.end(body);
      }, delivery.ms);
      response.on('close', () => clearTimeout(timer));
      return;
    }
    case 'drip': {
      // An empty answer drips too: its client is made to wait for a byte that is late.
      const bytes = body.length > 0 ? body : Uint8Array.of(0);
      let next = 0;
      head(bytes.length);
      response.flushHeaders();
      const timer = setInterval(() => {
        response.write(bytes.subarray(next, ++next));
        if (next >= bytes.length) response.end();
      }, delivery.everyMs);
      response.on('close', () => clearInterval(timer));
      response.on('finish', () => clearInterval(timer));
      return;
    }
    case 'reset':
      if (delivery.early) {
        socket?.resetAndDestroy();
        return;
      }
      head(body.length + 1);
      response.write(body.subarray(0, Math.ceil(body.length / 2)), () => socket?.resetAndDestroy());
      response.flushHeaders();
      if (body.length === 0) setImmediate(() => socket?.resetAndDestroy());
  }
}
