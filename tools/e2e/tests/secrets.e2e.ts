import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Recorder } from '../support/recorder.js';
import { expect, test, type TestStack } from '../support/stack.js';

/** Every row of every table, as text: what a database dump holds. */
async function dump(stack: TestStack): Promise<string> {
  const tables = await stack.query<{ name: string }>(`select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`);
  const texts = await Promise.all(tables.map(async ({ name }) => (await stack.query<{ row: string }>(`select t::text as row from ${name} t`)).map(({ row }) => row)));
  return texts.flat().join('\n');
}

/** The private keys in a machine's folder, in the encodings in which one could slip out. */
function privateKeys(home: string): { keys: number; encodings: Map<string, string> } {
  const encodings = new Map<string, string>();
  let keys = 0;
  for (const entry of readdirSync(home, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/key/i.test(join(entry.parentPath.slice(home.length), entry.name))) continue;
    const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
    for (const [, secret = ''] of text.matchAll(/"(?:privateKey|secretKey|seed|private|secret)"\s*:\s*"([^"]+)"/g)) {
      keys += 1;
      const bytes = /^[0-9a-f]{64}$/i.test(secret) ? Buffer.from(secret, 'hex') : Buffer.from(secret, 'base64');
      for (const encoding of ['hex', 'base64', 'base64url'] as const) encodings.set(bytes.toString(encoding).replace(/=+$/, ''), `${entry.name} in ${encoding}`);
    }
  }
  return { keys, encodings };
}

test('no key, password, session or token in clear: not in the database, the logs or on the socket', async ({ stack }) => {
  await stack.startServers(['--limit', '6']);
  const recorder = await Recorder.to(stack.ports.controlPlane);
  try {
    await stack.addMachine('secret-keeper', { via: recorder.url });
    await expect.poll(async () => (await stack.tasks()).filter((task) => task.state === 'accepted').length).toBe(6);
    await expect.poll(async () => (await stack.query(`select 1 from proof`)).length).toBe(6);

    const token = recorder.said.map((text) => /"token":"([^"]+)"/.exec(text)?.[1]).find((found) => found !== undefined);
    expect(token, 'the join request carries the token, once, over what is TLS in production').toBeDefined();

    const { keys, encodings: secrets } = privateKeys(stack.agentHome('secret-keeper'));
    expect(keys, 'machine, sealing and signing key').toBe(3);

    const socket = recorder.said.filter((text) => !text.includes('"token"')).join('\n');
    expect(socket).toContain('"type":"heartbeat"');
    expect(socket).toContain('"kind":"task-settled"');

    const database = await dump(stack);
    expect(database).toContain('secret-keeper');
    const logs = readdirSync(stack.logs).map((name) => readFileSync(join(stack.logs, name), 'utf8')).join('\n');
    expect(logs.length).toBeGreaterThan(500);

    secrets.set(stack.password, "the administrator's password").set(String(stack.cookie).split('=')[1] ?? '', 'the session').set(token ?? '', 'the join token');
    for (const [place, text] of Object.entries({ database, logs, socket })) {
      for (const [secret, name] of secrets) {
        expect(secret.length, name).toBeGreaterThan(15);
        expect(text.includes(secret), `${name} stands in the ${place}`).toBe(false);
      }
    }
  } finally {
    await recorder.close();
  }
});
