import { describeInput } from '@provefleet/prover';

const MAX_CHARACTERS = 200;

/** The inputs of a task as an operator reads them, such as `9, 1, 1`; several are parted by `; `, an unknown form is hex. */
export function describeInputs(program: string, inputs: readonly Uint8Array[]): string {
  let text = '';
  for (const input of inputs) {
    text += (text ? '; ' : '') + describeInput(program, input);
    if (text.length > MAX_CHARACTERS) return `${text.slice(0, MAX_CHARACTERS - 1)}…`;
  }
  return text;
}
