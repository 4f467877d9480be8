import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { verify } from '@noble/ed25519';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { pino } from 'pino';
import { temporaryPaths, type TemporaryState } from '../../test/support/faulty-files.js';
import { nodeFileSystem } from '../state/files.js';
import { KeyPair, loadIdentity, loadNodeKey } from './keys.js';

let state: TemporaryState;
beforeEach(async () => {
  state = await temporaryPaths();
});
afterEach(() => state.remove());

const identity = () => loadIdentity(nodeFileSystem, state.paths.keys);

describe('the keys of a machine', () => {
  it('are made once and stay the same', async () => {
    const first = await identity();
    const second = await identity();
    expect(second.machine.publicKeyHex).toBe(first.machine.publicKeyHex);
    expect(second.sealing.publicKeyHex).toBe(first.sealing.publicKeyHex);
    expect(first.sealing.publicKeyHex).not.toBe(first.machine.publicKeyHex);
  });

  it('sign as Ed25519 does', async () => {
    const { machine } = await identity();
    const message = new TextEncoder().encode('hello');
    expect(verify(machine.sign(message), message, machine.publicKey)).toBe(true);
  });

  it('are one for each node, whatever its id is', async () => {
    const ids = ['1', '2', '../escape'];
    const keys = await Promise.all(ids.map((id) => loadNodeKey(nodeFileSystem, state.paths.keys, id)));
    expect(new Set(keys.map(({ publicKeyHex }) => publicKeyHex)).size).toBe(3);
    expect((await loadNodeKey(nodeFileSystem, state.paths.keys, '1')).publicKeyHex).toBe(keys[0]?.publicKeyHex);
    expect(await readdir(state.paths.keys)).toHaveLength(3);
  });

  it('are in files nobody else can read, in a directory nobody else can enter', async () => {
    await identity();
    expect((await stat(state.paths.keys)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(state.paths.keys)) expect((await stat(join(state.paths.keys, name))).mode & 0o777).toBe(0o600);
  });

  it.each([0o640, 0o604, 0o660])('are refused when their file has mode %o', async (mode) => {
    await identity();
    await chmod(join(state.paths.keys, 'machine.json'), mode);
    await expect(identity()).rejects.toMatchObject({ code: 'StateUnsafe', message: expect.stringContaining('chmod 600') });
  });

  it('are refused when damaged, without the key in the message', async () => {
    await identity();
    const path = join(state.paths.keys, 'machine.json');
    const whole = await readFile(path, 'utf8');
    const { secretKey } = JSON.parse(whole) as { secretKey: string };
    const other = KeyPair.generate('ed25519').publicKeyHex;
    for (const damaged of [whole.slice(0, 100), whole.replace(/"publicKey": "\w+"/, `"publicKey": "${other}"`), whole.replace('"machine"', '"sealing"'), '{}']) {
      await writeFile(path, damaged);
      const refusal = await identity().then(() => null, (error: unknown) => error as Error & { code: string });
      expect(refusal?.code).toBe('KeyInvalid');
      expect(inspect(refusal)).not.toContain(secretKey.slice(0, 16));
    }
  });

  it('show their public half only, however they are printed', async () => {
    const { machine } = await identity();
    const secret = Buffer.from(machine.exposeSecret()).toString('hex');
    let logged = '';
    pino({}, { write: (text: string) => (logged += text) }).info({ machine });
    for (const text of [String(inspect(machine, { depth: 9, showHidden: true })), JSON.stringify({ machine }), logged]) {
      expect(text).toContain(machine.publicKeyHex);
      expect(text).not.toContain(secret);
    }
  });
});
