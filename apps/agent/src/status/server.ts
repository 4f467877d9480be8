import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AgentState } from '@provefleet/fleet-protocol';
import { messageOf } from '../errors.js';
import type { Logger } from '../logging.js';
import { metricsText } from './metrics.js';
import type { StatusReport } from './report.js';

/** States in which something that restarts agents should look at this one. */
const UNHEALTHY: ReadonlySet<AgentState> = new Set(['failing']);

/** The local status pages, on loopback only: `/status.json`, `/healthz`, `/metrics`. */
export class StatusServer {
  private constructor(private readonly server: Server, readonly url: string) {}

  /** Null when the port is taken: an agent proves without these pages. */
  static async start(port: number, report: () => StatusReport, logger: Logger): Promise<StatusServer | null> {
    const server = createServer((request, response) => {
      const { status, type, body } = answer(request.method, request.url, request.headers.host, report);
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', connection: 'close' }).end(body);
    });
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', resolve);
      });
    } catch (error) {
      logger.warn(`no local status pages: ${messageOf(error)}`);
      return null;
    }
    server.on('error', (error) => logger.warn(`local status pages: ${error.message}`));
    return new StatusServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

function answer(method: string | undefined, url: string | undefined, host: string | undefined, report: () => StatusReport): Answer {
  const text = (status: number, body: string): Answer => ({ status, type: 'text/plain; charset=utf-8', body });
  // A page in a browser that made its own name point here must not read this.
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host ?? '')) return text(403, 'only by its loopback address\n');
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'only GET\n');
  switch (url?.split('?')[0]) {
    case '/status.json':
      return { status: 200, type: 'application/json', body: JSON.stringify(report()) };
    case '/healthz': {
      const { state, reason } = report().heartbeat;
      return UNHEALTHY.has(state) ? text(503, `${state}: ${reason}\n`) : text(200, `${state}\n`);
    }
    case '/metrics':
      return { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: metricsText(report().heartbeat) };
    default:
      return text(404, '/status.json, /healthz or /metrics\n');
  }
}
