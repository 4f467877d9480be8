import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProverError } from '@provefleet/prover';
import { locate, NEXUS_PROGRAM, parseVersion } from './program.js';

const folder = mkdtempSync(join(tmpdir(), 'provefleet-nexus-'));
const program = join(folder, 'good', NEXUS_PROGRAM);

beforeAll(() => {
  for (const name of ['good', 'plain', 'folder', 'empty']) mkdirSync(join(folder, name));
  writeFileSync(program, '');
  chmodSync(program, 0o755);
  writeFileSync(join(folder, 'plain', NEXUS_PROGRAM), '', { mode: 0o644 });
  mkdirSync(join(folder, 'folder', NEXUS_PROGRAM));
});
afterAll(() => rmSync(folder, { recursive: true }));

const path = (...names: string[]) => ({ PATH: names.map((name) => (name.startsWith('.') || name === '' ? name : join(folder, name))).join(delimiter) });

function failure(action: () => unknown): ProverError {
  try {
    action();
  } catch (error) {
    if (error instanceof ProverError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('finding the program', () => {
  it('takes the first on PATH that can be executed', () => {
    expect(locate(undefined, path('', '.', 'empty', 'plain', 'folder', 'good'))).toBe(program);
  });

  it('says what to do when there is none', () => {
    for (const environment of [path('empty', 'plain', 'folder'), {}]) {
      const error = failure(() => locate(undefined, environment));
      expect(error.code).toBe('BackendUnavailable');
      expect(error.message).toMatch(/not on PATH.*Install the network's own client/);
    }
  });

  it('takes a configured path alone, whatever PATH holds', () => {
    expect(locate(program, {})).toBe(program);
    const missing = failure(() => locate(join(folder, 'nowhere'), path('good')));
    expect(missing).toMatchObject({ code: 'BackendUnavailable', message: expect.stringContaining('does not exist') });
    expect(failure(() => locate(join(folder, 'good'), {})).message).toContain('is not a file');
    expect(failure(() => locate(join(folder, 'plain', NEXUS_PROGRAM), {})).message).toContain('may not be executed');
    expect(failure(() => locate(join(program, 'below'), {})).message).toContain('does not exist');
  });
});

describe('its version', () => {
  it.each([
    ['nexus-network 0.10.18\n', '0.10.18'],
    ['nexus-network v0.9.2 (build 7)\n', '0.9.2'],
    ['\u001b[1m1.2\u001b[0m', ''],
    ['', ''],
    ['no number here', ''],
    [`nexus-network 1.${'2'.repeat(100)}`, `1.${'2'.repeat(38)}`],
  ])('in %j is %j', (line, version) => {
    expect(parseVersion(new TextEncoder().encode(line))).toBe(version);
  });
});
