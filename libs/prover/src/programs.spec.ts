import { describe, expect, it } from '@jest/globals';
import { ProverError } from './errors.js';
import {
  describeInput,
  encodeInput,
  FAST_FIB,
  FIB_INPUT_INITIAL,
  FIB_INPUT_INITIAL_MAX_N,
  parseInput,
  readOutput,
  referenceOutput,
  referenceResult,
} from './programs.js';

const fib = (n: number, initA: number, initB: number) => ({ program: FIB_INPUT_INITIAL, n, initA, initB }) as const;
const fast = (n: number) => ({ program: FAST_FIB, n }) as const;

function failure(action: () => unknown): ProverError {
  try {
    action();
  } catch (error) {
    if (error instanceof ProverError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('reading inputs', () => {
  it('reads three little-endian u32 for fib_input_initial', () => {
    expect(parseInput(FIB_INPUT_INITIAL, Uint8Array.from([9, 0, 0, 0, 1, 2, 0, 0, 255, 255, 255, 255]))).toEqual(fib(9, 513, 0xffff_ffff));
  });

  it('reads a view that does not start at the beginning of its buffer', () => {
    const whole = Uint8Array.from([7, 7, 7, ...encodeInput(fib(5, 6, 7))]);
    expect(parseInput(FIB_INPUT_INITIAL, whole.subarray(3))).toEqual(fib(5, 6, 7));
  });

  it('reads the first byte for fast-fib', () => {
    expect(parseInput(FAST_FIB, Uint8Array.from([255, 1, 2, 3]))).toEqual(fast(255));
  });

  it('ignores what follows a complete input', () => {
    expect(parseInput(FIB_INPUT_INITIAL, Uint8Array.from([...encodeInput(fib(9, 1, 1)), 1, 2, 3]))).toEqual(fib(9, 1, 1));
  });

  it.each([
    [FIB_INPUT_INITIAL, 11],
    [FIB_INPUT_INITIAL, 0],
    [FAST_FIB, 0],
  ])('refuses a short input of %s (%i bytes)', (program, length) => {
    expect(failure(() => parseInput(program, new Uint8Array(length)))).toMatchObject({ code: 'InvalidInput', field: 'input' });
  });

  it('takes n up to 2^20 and names the limit beyond', () => {
    expect(parseInput(FIB_INPUT_INITIAL, encodeInput(fib(FIB_INPUT_INITIAL_MAX_N, 1, 1)))).toMatchObject({ n: 1_048_576 });
    const beyond = Uint8Array.from([1, 0, 16, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    const error = failure(() => parseInput(FIB_INPUT_INITIAL, beyond));
    expect(error).toMatchObject({ code: 'InvalidInput', field: 'n' });
    expect(error.message).toContain('1048576');
  });

  it('says which programs are known when asked for another', () => {
    const error = failure(() => parseInput('fibonacci', new Uint8Array(12)));
    expect(error.code).toBe('UnknownProgram');
    expect(error.message).toContain('fib_input_initial, fast-fib');
  });

  it.each([
    ['n', fib(FIB_INPUT_INITIAL_MAX_N + 1, 0, 0)],
    ['n', fast(256)],
    ['initA', fib(0, -1, 0)],
    ['initB', fib(0, 0, 2 ** 32)],
    ['initB', fib(0, 0, 1.5)],
  ])('does not write an input whose %s is out of range', (field, input) => {
    expect(failure(() => encodeInput(input))).toMatchObject({ code: 'InvalidInput', field });
  });
});

describe('inputs for people', () => {
  it('writes the numbers of a valid input', () => {
    expect(describeInput(FIB_INPUT_INITIAL, encodeInput(fib(9, 1, 1)))).toBe('9, 1, 1');
    expect(describeInput(FAST_FIB, encodeInput(fast(47)))).toBe('47');
  });

  it('falls back to bounded hex', () => {
    expect(describeInput(FIB_INPUT_INITIAL, Uint8Array.from([9, 0, 10]))).toBe('0x09000a');
    expect(describeInput('other', new Uint8Array(1000))).toBe(`0x${'00'.repeat(32)}…`);
  });
});

describe('reference results', () => {
  it.each([
    [fib(9, 1, 1), 144n],
    [fib(100, 1, 1), 3870634317n],
    [fib(1000, 1, 1), 4192936485n],
    [fib(10000, 1, 1), 1212146261n],
    [fib(0, 0, 0), 0n],
    [fib(0, 0xffff_ffff, 2), 1n],
    [fast(0), 1n],
    [fast(1), 1n],
    [fast(2), 2n],
    [fast(9), 55n],
    [fast(47), 4807526976n],
    [fast(100), 573147844013817084101n],
    [fast(255), 141693817714056513234709965875411919657707794958199867n],
  ])('of %j is %s', (input, result) => {
    expect(referenceResult(input)).toBe(result);
    expect(readOutput(input.program, referenceOutput(input))).toBe(result);
  });

  it('are little-endian with the length of the program', () => {
    expect(referenceOutput(fib(9, 1, 1))).toEqual(Uint8Array.from([144, 0, 0, 0]));
    expect(referenceOutput(fast(9))).toHaveLength(24);
  });

  it('are not read from bytes of another length', () => {
    expect(failure(() => readOutput(FIB_INPUT_INITIAL, new Uint8Array(24)))).toMatchObject({ code: 'InvalidInput', field: 'publicOutput' });
    expect(failure(() => readOutput('other', new Uint8Array(4))).code).toBe('UnknownProgram');
  });
});
