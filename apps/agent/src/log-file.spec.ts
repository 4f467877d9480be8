import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFile } from './log-file.js';
import { createLogger } from './logging.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'provefleet-log-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a log file', () => {
  it('is put aside when full; the oldest goes, no line is lost at the seam', async () => {
    const file = new LogFile({ path: join(directory, 'logs', 'agent.log'), maxBytes: 20, keep: 2 });
    for (let i = 0; i < 10; i++) file.write(`line ${i} .....\n`);
    expect((await readdir(join(directory, 'logs'))).sort()).toEqual(['agent.log', 'agent.log.1', 'agent.log.2']);
    const text = await Promise.all(['agent.log.2', 'agent.log.1', 'agent.log'].map((name) => readFile(join(directory, 'logs', name), 'utf8')));
    expect(text.join('').trim().split('\n').map((line) => line.slice(0, 6))).toEqual(['line 4', 'line 5', 'line 6', 'line 7', 'line 8', 'line 9']);
    expect((await stat(join(directory, 'logs', 'agent.log'))).mode & 0o777).toBe(0o600);
  });

  it('goes on where an earlier run stopped', async () => {
    const path = join(directory, 'agent.log');
    new LogFile({ path }).write('first\n');
    new LogFile({ path }).write('second\n');
    expect(await readFile(path, 'utf8')).toBe('first\nsecond\n');
  });

  it('that cannot be written stops nothing', () => {
    const file = new LogFile({ path: directory });
    expect(() => file.write('x\n')).not.toThrow();
    expect(file.lost).toBe(1);
  });
});

describe('the logger', () => {
  it('writes JSON lines to both places, without what is secret by its name', async () => {
    let out = '';
    const path = join(directory, 'agent.log');
    const logger = createLogger('info', path, { write: (text) => (out += text) });
    logger.debug('not this');
    logger.info({ token: 'hush-1', machine: { secretKey: 'hush-2', name: 'm' } }, 'hello');
    const expected = { level: 'info', token: '[secret]', machine: { secretKey: '[secret]', name: 'm' }, msg: 'hello' };
    expect(JSON.parse(out)).toMatchObject(expected);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject(expected);
  });
});
