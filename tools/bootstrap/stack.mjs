// The whole of Provefleet on one machine: Postgres, control plane, dashboard, dev orchestrator, and an agent joined to it.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { migrate } from './migrate.mjs';
import { startPostgres } from './postgres.mjs';
import { answers, Services } from './services.mjs';
import { ROOT, run } from './steps.mjs';

const MAIN = {
  agent: join(ROOT, 'apps/agent/dist/main.js'),
  controlPlane: join(ROOT, 'apps/control-plane/dist/main.js'),
  web: join(ROOT, 'apps/web/server.mjs'),
  orchestrator: join(ROOT, 'tools/dev-orchestrator/dist/main.js'),
};

export class Stack {
  /**
   * @param {{ home: string, ports: { orchestrator: number, controlPlane: number, web: number }, onUnexpectedExit?: (message: string) => void, env?: Record<string, string> }} options
   *   `home`: folder for the database, state and logs
   */
  constructor({ home, ports, onUnexpectedExit, env = {} }) {
    mkdirSync(home, { recursive: true, mode: 0o755 });
    this.home = home;
    this.ports = ports;
    this.env = env;
    this.logs = join(home, 'logs');
    this.services = new Services({ logs: this.logs, onUnexpectedExit });
    this.passwordFile = join(home, 'admin-password');
    this.orchestratorUrl = `http://127.0.0.1:${ports.orchestrator}`;
    this.controlPlaneUrl = `http://127.0.0.1:${ports.controlPlane}`;
    this.webUrl = `http://localhost:${ports.web}`;
  }

  async startDatabase() {
    this.database = await startPostgres({ dataDir: join(this.home, 'postgres') });
    return migrate(this.database.url, join(ROOT, 'prisma', 'migrations'));
  }

  async startControlPlane() {
    this.controlPlane = await this.services.start('control-plane', [MAIN.controlPlane], {
      env: {
        NODE_ENV: 'production',
        ...this.env,
        DATABASE_URL: this.database.url,
        PROVEFLEET_CONTROL_PLANE_PORT: String(this.ports.controlPlane),
        PROVEFLEET_ADMIN_PASSWORD_FILE: this.passwordFile,
        PROVEFLEET_WEB_ORIGIN: `http://localhost:${this.ports.web},http://127.0.0.1:${this.ports.web}`,
      },
      ready: () => answers(`${this.controlPlaneUrl}/api/v1/health`),
    });
  }

  async startWeb() {
    this.web = await this.services.start('web', [MAIN.web], {
      env: { NODE_ENV: 'production', ...this.env, PROVEFLEET_WEB_PORT: String(this.ports.web), PROVEFLEET_CONTROL_PLANE_URL: this.controlPlaneUrl },
      ready: () => answers(`${this.webUrl}/login`),
    });
  }

  /** @param {string[]} options further options of the dev orchestrator */
  async startOrchestrator(options = []) {
    this.orchestrator = await this.services.start('dev-orchestrator', [MAIN.orchestrator, '--port', String(this.ports.orchestrator), ...options], {
      env: this.env,
      ready: () => answers(`${this.orchestratorUrl}/version.json`),
    });
  }

  get password() {
    return readFileSync(this.passwordFile, 'utf8').trim();
  }

  /** Calls the control plane's API as the administrator. */
  async api(method, path, body) {
    const headers = { origin: this.webUrl, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...(this.cookie ? { cookie: this.cookie } : {}) };
    const answer = await fetch(`${this.controlPlaneUrl}/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`);
    const cookie = answer.headers.getSetCookie()[0];
    if (cookie) this.cookie = cookie.split(';')[0];
    const text = await answer.text();
    return text === '' ? undefined : JSON.parse(text);
  }

  async login() {
    await this.api('POST', '/auth/login', { user: 'admin', password: this.password });
  }

  /** Folder of an agent's keys and outbox. */
  agentHome(name) {
    return join(this.home, name);
  }

  /**
   * Joins a machine with a fresh token, unless its folder shows that it has joined.
   * @param {string} name the machine's name
   * @param {{ workers?: number, via?: string }} options `via`: the control plane's address as the agent sees it
   */
  async join(name, { workers = 2, via = this.controlPlaneUrl } = {}) {
    if (existsSync(join(this.agentHome(name), 'agent.json'))) return false;
    await this.login();
    const { token } = await this.api('POST', '/join-tokens', { uses: 1, lifetimeMs: 600_000 });
    await run(process.execPath, [MAIN.agent, 'join', via, '--state-dir', this.agentHome(name), '--name', name, '--environment', 'local', '--orchestrator-url', this.orchestratorUrl, '--status-port', '0'], {
      log: `join-${name}`,
      env: { PROVEFLEET_JOIN_TOKEN: token },
    });
    const { items } = await this.api('GET', `/machines?q=${name}`);
    const machine = items.find((item) => item.name === name);
    await this.api('PUT', `/machines/${machine.id}/desired`, { workers, reason: 'set when it joined' });
    return true;
  }

  /** Starts the agent of a joined machine; ready when its own status page answers. */
  async startAgent(name) {
    return this.services.start(name, [MAIN.agent, 'run', '--state-dir', this.agentHome(name)], {
      env: this.env,
      ready: async () => existsSync(join(this.agentHome(name), 'status.json')),
    });
  }

  async ledger() {
    const { tasks } = await (await fetch(`${this.orchestratorUrl}/dev/ledger`)).json();
    return tasks;
  }

  async stop() {
    await this.services.stopAll();
    await this.database?.stop();
  }
}
