import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { startPostgres } from './postgres.mjs';

let folder;
let dataDir;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'provefleet-postgres-'));
  chmodSync(folder, 0o755);
  dataDir = join(folder, 'postgres');
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function query(url, text) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test('data stays over a restart on another port, and the password is for its owner alone', async () => {
  const first = await startPostgres({ dataDir });
  await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  await first.stop();
  const second = await startPostgres({ dataDir });
  assert.deepEqual(await query(second.url, 'SELECT answer FROM kept'), [{ answer: 42 }]);
  await second.stop();
  assert.equal(statSync(`${dataDir}.password`).mode & 0o777, 0o600);
  assert.equal(existsSync(`${dataDir}.handover`), false);
  assert.ok(!readFileSync(`${dataDir}.log`, 'utf8').includes(readFileSync(`${dataDir}.password`, 'utf8')));
});

test('it takes no connection without the password, and none from elsewhere', async () => {
  const database = await startPostgres({ dataDir });
  const wrong = new URL(database.url);
  wrong.password = 'guess';
  await assert.rejects(query(wrong.href, 'SELECT 1'), /password authentication failed/);
  assert.deepEqual(await query(database.url, 'SHOW listen_addresses'), [{ listen_addresses: '127.0.0.1' }]);
  await database.stop();
});

test('a server left behind by a killed parent is stopped, and what it had committed is there', async () => {
  const script = `
    import { startPostgres } from ${JSON.stringify(new URL('./postgres.mjs', import.meta.url).href)};
    const database = await startPostgres({ dataDir: ${JSON.stringify(dataDir)} });
    console.log(database.url);
    setInterval(() => undefined, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(parent.stdout, 'data');
  const url = String(line).trim();
  await query(url, 'CREATE TABLE left_behind AS SELECT 7 AS answer');
  parent.kill('SIGKILL');
  await once(parent, 'exit');

  const database = await startPostgres({ dataDir });
  assert.deepEqual(await query(database.url, 'SELECT answer FROM left_behind'), [{ answer: 7 }]);
  await assert.rejects(query(url, 'SELECT 1'), /ECONNREFUSED/);
  await database.stop();
});

test('without its password file the database is not touched, and the message says what to do', async () => {
  const file = `${dataDir}.password`;
  const password = readFileSync(file, 'utf8');
  rmSync(file);
  await assert.rejects(startPostgres({ dataDir }), /restore the file, or remove the folder/);
  writeFileSync(file, password, { mode: 0o600 });
  const database = await startPostgres({ dataDir });
  assert.deepEqual(await query(database.url, 'SELECT answer FROM kept'), [{ answer: 42 }]);
  await database.stop();
});

test('a taken port is named with what the server says', async () => {
  const first = await startPostgres({ dataDir });
  const other = join(folder, 'other');
  await assert.rejects(startPostgres({ dataDir: other, port: first.port }), new RegExp(`did not start on port ${first.port}`));
  await first.stop();
});
