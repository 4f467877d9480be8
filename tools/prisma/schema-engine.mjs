#!/usr/bin/env node
// Our stand-in for Prisma's native schema engine, which Prisma would download. It takes the same arguments and speaks
// the same line-delimited JSON-RPC on its standard streams; the work is done by Prisma's own WebAssembly build of the
// engine, which comes from the package registry, over the `pg` driver. Started by the Prisma command line when
// PRISMA_SCHEMA_ENGINE_BINARY names this file (tools/prisma/prisma.mjs does that).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

const PG_CHAR_OID = 18;
const PG_TEXT_OID = 25;
const PG_DUPLICATE_DATABASE = '42P04';
/** Postgres error code → Prisma error code, for the commands that only open a connection. */
const PRISMA_CODES = { '3D000': 'P1003', '28P01': 'P1000' };
const PRISMA_UNREACHABLE = 'P1001';
/** JSON-RPC error number the Prisma command line expects for a failed method. */
const RPC_ERROR = 4466;

function parseArguments(argv) {
  const parsed = { version: false, schemas: [], url: process.env.DATABASE_URL ?? '', command: undefined };
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === '--version' || argv[i] === '-V') parsed.version = true;
    else if (argv[i] === '--datamodels' || argv[i] === '-d') parsed.schemas.push(argv[++i]);
    else if (argv[i] === '--datasource') parsed.url = JSON.parse(argv[++i]).url || parsed.url;
    else if (argv[i] === '--enabled-preview-features' || argv[i] === '--extension-types') i++;
    else if (argv[i] === 'cli') parsed.command = argv[++i];
  }
  return parsed;
}

/** Prisma's logs are JSON lines on stderr; the command line skips the first of them. */
function log(level, message, fields = {}) {
  process.stderr.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, target: 'schema_engine', fields: { message, ...fields } })}\n`);
}

async function withClient(config, use) {
  const client = new pg.Client(config);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

const quoted = (name) => `"${name.replaceAll('"', '""')}"`;

/** The connection of a database URL, taken apart: given whole, `connectionString` would override `database`. */
function connectionOf(url) {
  const parsed = new URL(url);
  const sslmode = parsed.searchParams.get('sslmode') ?? '';
  return {
    host: parsed.searchParams.get('host') ?? decodeURIComponent(parsed.hostname),
    port: Number(parsed.port || 5432),
    user: decodeURIComponent(parsed.username) || undefined,
    password: decodeURIComponent(parsed.password) || undefined,
    database: decodeURIComponent(parsed.pathname.slice(1)),
    ssl: /^(require|no-verify|verify-)/.test(sslmode) ? { rejectUnauthorized: sslmode.startsWith('verify-') } : undefined,
  };
}

async function createDatabase(url) {
  const { database, ...server } = connectionOf(url);
  await withClient({ ...server, database: 'postgres' }, async (client) => {
    try {
      await client.query(`CREATE DATABASE ${quoted(database)}`);
    } catch (error) {
      if (error.code !== PG_DUPLICATE_DATABASE) throw error;
    }
  });
  return { databaseName: database };
}

async function dropDatabase(url) {
  const { database, ...server } = connectionOf(url);
  await withClient({ ...server, database: 'postgres' }, (client) => client.query(`DROP DATABASE ${quoted(database)}`));
}

async function runCommand(command, url) {
  log('INFO', 'started');
  try {
    if (command === 'can-connect-to-database') await withClient(connectionOf(url), (client) => client.query('SELECT 1'));
    else if (command === 'create-database') await createDatabase(url);
    else if (command === 'drop-database') await dropDatabase(url);
    else throw new Error(`unknown command ${command}`);
    return 0;
  } catch (error) {
    log('ERROR', error.message || String(error), { is_panic: false, error_code: PRISMA_CODES[error.code] ?? PRISMA_UNREACHABLE });
    return 1;
  }
}

/**
 * Makes a connection of the driver adapter fit for migrations:
 * - the catalogue's type "char" has no mapping in the adapter, and the engine wants a character;
 * - the adapter cuts scripts at every `;`, even inside a function's body: the script goes to Postgres whole.
 * The engine asks one thing at a time, so the columns noted by `performIO` belong to the query in hand.
 */
function fitForMigrations(connection) {
  const { performIO, queryRaw, startTransaction } = connection;
  let charColumns = [];
  connection.performIO = async (query) => {
    const result = await performIO.call(connection, query);
    charColumns = result.fields.flatMap((field, index) => (field.dataTypeID === PG_CHAR_OID ? [index] : []));
    for (const index of charColumns) result.fields[index].dataTypeID = PG_TEXT_OID;
    return result;
  };
  connection.queryRaw = async (query) => {
    const result = await queryRaw.call(connection, query);
    for (const index of charColumns) result.columnTypes[index] = ColumnTypeEnum.Character;
    return result;
  };
  connection.executeScript = async (script) => {
    try {
      await connection.client.query(script);
    } catch (error) {
      connection.onError(error);
    }
  };
  if (startTransaction) connection.startTransaction = async (isolation) => fitForMigrations(await startTransaction.call(connection, isolation));
  return connection;
}

/** Connects the engine to the database, and to a throw-away shadow database that is dropped after its last connection closed. */
function adapterFactory(url) {
  const config = url ? connectionOf(url) : {};
  const schema = url ? (new URL(url).searchParams.get('schema') ?? undefined) : undefined;
  const open = async (database) => fitForMigrations(await new PrismaPg({ ...config, database }, { schema }).connect());
  const { provider, adapterName } = new PrismaPg(config);
  return bindMigrationAwareSqlAdapterFactory({
    provider,
    adapterName,
    connect: () => open(config.database),
    connectToShadowDb: async () => {
      const database = `prisma_migrate_shadow_db_${crypto.randomUUID()}`;
      await withClient(config, (client) => client.query(`CREATE DATABASE ${quoted(database)}`));
      const connection = await open(database);
      const disposeOnce = once(connection.dispose.bind(connection));
      connection.dispose = once(async () => {
        await disposeOnce();
        await withClient(config, (client) => client.query(`DROP DATABASE IF EXISTS ${quoted(database)} WITH (FORCE)`));
      });
      return connection;
    },
  });
}

function once(run) {
  let result;
  return () => (result ??= run());
}

/** Loads the WebAssembly module and gives the engine over it. */
async function loadEngine(schemas, factory) {
  const path = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg').replace(/\.js$/, '.wasm');
  const { instance } = await WebAssembly.instantiate(readFileSync(path), { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  globalThis.PRISMA_WASM_PANIC_REGISTRY = { message: '', set_message(message) { this.message = message; } };
  const datamodels = schemas.length > 0 ? schemas.map((file) => [file, readFileSync(file, 'utf8')]) : undefined;
  return bindings.SchemaEngine.new({ datamodels }, () => undefined, factory);
}

/** Answers requests from stdin, one after the other, until stdin closes. */
async function serve({ schemas, url }) {
  const factory = adapterFactory(url);
  const engine = once(() => loadEngine(schemas, factory));
  const send = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  let notification = 1_000_000;

  const call = async (method, params) => {
    if (method === 'createDatabase') return createDatabase(url);
    const result = await (await engine())[method === 'getDatabaseVersion' ? 'version' : method](params ?? {});
    if (method !== 'diff' || result?.stdout === null || result?.stdout === undefined) return result;
    // The native engine prints a difference through the command line instead of returning it.
    send({ id: notification++, method: 'print', params: { content: result.stdout } });
    return { exitCode: result.exitCode };
  };

  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    const request = line.trim() ? JSON.parse(line) : {};
    if (!request.method) continue;
    try {
      send({ id: request.id, result: (await call(request.method, request.params)) ?? {} });
    } catch (error) {
      const cause = factory.errorRegistry.consumeError(error?.cause?.id ?? -1)?.error;
      send({
        id: request.id,
        error: {
          code: RPC_ERROR,
          message: 'An error happened. Check the data field for details.',
          data: { is_panic: false, message: cause?.message ?? error?.message ?? String(error), error_code: error?.code ?? null, meta: error?.meta ?? null },
        },
      });
    }
  }
}

const { version, command, schemas, url } = parseArguments(process.argv.slice(2));
if (version) console.log(`schema-engine-cli ${bindings.version?.() ?? 'wasm'}`);
else if (command) process.exitCode = await runCommand(command, url);
else {
  await serve({ schemas, url });
  process.exit(0); // the engine keeps its connections open; the command line waits for the exit
}
