import { encodeInput, FAST_FIB, FIB_INPUT_INITIAL, type ProgramInput, referenceOutput } from '@provefleet/prover';

export const fib = (n: number, initA: number, initB: number): ProgramInput => ({ program: FIB_INPUT_INITIAL, n, initA, initB });
export const fast = (n: number): ProgramInput => ({ program: FAST_FIB, n });

/** The job and the output that a plain loop says it has. */
export function jobOf(input: ProgramInput) {
  return { program: input.program, input: encodeInput(input), publicOutput: referenceOutput(input) };
}

export const never = (): AbortSignal => new AbortController().signal;
