import { describe, expect, it } from '@jest/globals';
import { failureOf } from './backend.js';
import { readableEnd, type RunResult } from './run.js';

const ended = (result: Partial<RunResult>): RunResult => ({
  stdout: Uint8Array.of(1),
  stderr: '',
  exitCode: 0,
  killedBy: null,
  tooLarge: false,
  ...result,
});

describe('what the end of the program means', () => {
  it.each([
    ['an inner error', { exitCode: 3, stderr: 'trace does not fit' }, { code: 'WorkerCrashed', exitCode: 3, message: expect.stringContaining('trace does not fit') }],
    ['a kill by the kernel', { exitCode: null, killedBy: 'SIGKILL' }, { code: 'OutOfMemory', signal: 'SIGKILL' }],
    ['a kill reported by a shell', { exitCode: 137 }, { code: 'OutOfMemory', signal: 'SIGKILL' }],
    ['a crash', { exitCode: null, killedBy: 'SIGSEGV' }, { code: 'WorkerCrashed', signal: 'SIGSEGV' }],
    ['a panic', { exitCode: 101 }, { code: 'WorkerCrashed', exitCode: 101 }],
    ['a version without the command', { exitCode: 2, stderr: 'unrecognized subcommand' }, { code: 'BackendUnavailable', message: expect.stringContaining('unrecognized subcommand') }],
    ['no proof', { stdout: new Uint8Array() }, { code: 'WorkerCrashed' }],
    ['too much output', { exitCode: null, killedBy: 'SIGKILL', tooLarge: true }, { code: 'WorkerCrashed', message: expect.stringContaining('bytes') }],
  ] as const)('%s', (_name, result, error) => {
    expect(failureOf(ended(result as Partial<RunResult>), '/bin/nexus-network')).toMatchObject(error);
  });

  it('is no failure with a proof and exit code 0, whatever it said', () => {
    expect(failureOf(ended({ stderr: 'warning: slow machine' }), '/bin/nexus-network')).toBeNull();
  });
});

describe('what the program said', () => {
  const read = (text: string) => readableEnd(new TextEncoder().encode(text));

  it('loses colours, control characters and line breaks', () => {
    expect(read('\u001b[31;1merror:\u001b[0m one\r\n\ttwo\u0007 \u0000three\n')).toBe('error: one two three');
  });

  it('is cut from the front, between characters', () => {
    const said = read('x'.repeat(500) + '😀'.repeat(250));
    expect([...said]).toHaveLength(300);
    expect(said.startsWith('…x')).toBe(true);
    expect(said.endsWith('😀'.repeat(250))).toBe(true);
    expect(said).not.toMatch(/\p{Cs}/u);
  });

  it('survives bytes that are no text', () => {
    expect(readableEnd(Uint8Array.of(0xff, 0x41, 0xe2, 0x82))).toBe('\ufffdA\ufffd');
  });
});
