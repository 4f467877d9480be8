import { ProverError } from './errors.js';

/** The programs of the public network: how their inputs are read, and what they compute in plain integers. */

export const FIB_INPUT_INITIAL = 'fib_input_initial';
export const FAST_FIB = 'fast-fib';

export const PROGRAM_IDS = [FIB_INPUT_INITIAL, FAST_FIB] as const;
export type ProgramId = (typeof PROGRAM_IDS)[number];

/** Largest `n` of `fib_input_initial` that is proved: 2^20. */
export const FIB_INPUT_INITIAL_MAX_N = 2 ** 20;

/** Three little-endian u32; whatever follows them is ignored, as the network's own client does. */
const FIB_INPUT_INITIAL_BYTES = 12;
/** F(255) has 177 bits; 24 bytes hold every result of `fast-fib`. */
const FAST_FIB_OUTPUT_BYTES = 24;

export interface FibInputInitial {
  readonly program: typeof FIB_INPUT_INITIAL;
  /** 0 to {@link FIB_INPUT_INITIAL_MAX_N}. */
  readonly n: number;
  /** u32. */
  readonly initA: number;
  /** u32. */
  readonly initB: number;
}

export interface FastFibInput {
  readonly program: typeof FAST_FIB;
  /** 0 to 255. */
  readonly n: number;
}

export type ProgramInput = FibInputInitial | FastFibInput;

export function isProgramId(program: string): program is ProgramId {
  return (PROGRAM_IDS as readonly string[]).includes(program);
}

/**
 * Reads a task's public input.
 * @throws ProverError `UnknownProgram`; `InvalidInput` with the field at fault.
 */
export function parseInput(program: string, input: Uint8Array): ProgramInput {
  if (!isProgramId(program)) {
    throw new ProverError('UnknownProgram', `program "${program}" is not known; known: ${PROGRAM_IDS.join(', ')}`);
  }
  if (program === FAST_FIB) {
    const n = input[0];
    if (n === undefined) throw tooShort(program, input, 1);
    return { program, n };
  }
  if (input.length < FIB_INPUT_INITIAL_BYTES) throw tooShort(program, input, FIB_INPUT_INITIAL_BYTES);
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const n = view.getUint32(0, true);
  if (n > FIB_INPUT_INITIAL_MAX_N) {
    throw new ProverError('InvalidInput', `n of ${program} is ${n}; the limit is ${FIB_INPUT_INITIAL_MAX_N} (2^20)`, { field: 'n' });
  }
  return { program, n, initA: view.getUint32(4, true), initB: view.getUint32(8, true) };
}

/**
 * Writes an input in the form the network sends it; the inverse of {@link parseInput}.
 * @throws ProverError `InvalidInput` with the field that is not an integer of its range.
 */
export function encodeInput(input: ProgramInput): Uint8Array {
  if (input.program === FAST_FIB) return Uint8Array.of(checkRange('n', input.n, 255));
  const bytes = new Uint8Array(FIB_INPUT_INITIAL_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, checkRange('n', input.n, FIB_INPUT_INITIAL_MAX_N), true);
  view.setUint32(4, checkRange('initA', input.initA, 0xffff_ffff), true);
  view.setUint32(8, checkRange('initB', input.initB, 0xffff_ffff), true);
  return bytes;
}

/**
 * An input as a person reads it, such as `9, 1, 1`. Never throws: bytes that are no valid input of the program come
 * out in hex, so that a refused task can still be shown.
 */
export function describeInput(program: string, input: Uint8Array): string {
  try {
    const parsed = parseInput(program, input);
    return parsed.program === FAST_FIB ? String(parsed.n) : `${parsed.n}, ${parsed.initA}, ${parsed.initB}`;
  } catch (error) {
    if (!(error instanceof ProverError)) throw error;
    return `0x${Array.from(input.subarray(0, 32), (byte) => byte.toString(16).padStart(2, '0')).join('')}${input.length > 32 ? '…' : ''}`;
  }
}

/**
 * The result by a plain loop, without any proof: the yardstick for backends and for tools that check them.
 * `fib_input_initial`: n + 1 steps of (a, b) ← (b, a + b mod 2^32). `fast-fib`: F(n) with F(0) = F(1) = 1, exact.
 */
export function referenceResult(input: ProgramInput): bigint {
  if (input.program === FAST_FIB) {
    let [a, b] = [1n, 1n];
    for (let i = 1; i < input.n; i++) [a, b] = [b, a + b];
    return b;
  }
  let [a, b] = [input.initA, input.initB];
  for (let i = 0; i <= input.n; i++) [a, b] = [b, (a + b) >>> 0];
  return BigInt(b);
}

/** Length in bytes of the program's public output: one little-endian unsigned integer. */
export function outputLength(program: ProgramId): number {
  return program === FAST_FIB ? FAST_FIB_OUTPUT_BYTES : 4;
}

/** The public output bytes that {@link referenceResult} amounts to. */
export function referenceOutput(input: ProgramInput): Uint8Array {
  const bytes = new Uint8Array(outputLength(input.program));
  let rest = referenceResult(input);
  for (let i = 0; i < bytes.length; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/**
 * The number that a public output holds.
 * @throws ProverError `UnknownProgram`; `InvalidInput` (field `publicOutput`) when the length is not the program's.
 */
export function readOutput(program: string, publicOutput: Uint8Array): bigint {
  if (!isProgramId(program)) {
    throw new ProverError('UnknownProgram', `program "${program}" is not known; known: ${PROGRAM_IDS.join(', ')}`);
  }
  if (publicOutput.length !== outputLength(program)) {
    throw new ProverError('InvalidInput', `the public output of ${program} has ${outputLength(program)} bytes, not ${publicOutput.length}`, {
      field: 'publicOutput',
    });
  }
  return publicOutput.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function tooShort(program: string, input: Uint8Array, needed: number): ProverError {
  return new ProverError('InvalidInput', `the public input of ${program} needs at least ${needed} ${needed === 1 ? 'byte' : 'bytes'}, got ${input.length}`, {
    field: 'input',
  });
}

function checkRange(field: string, value: number, max: number): number {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new ProverError('InvalidInput', `${field} must be an integer from 0 to ${max}, got ${value}`, { field });
  }
  return value;
}
