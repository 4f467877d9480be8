/** Programs whose input is three little-endian u32: n, a, b. */
const THREE_NUMBERS = 'fib_input_initial';
/** The program whose input is one byte. */
const ONE_BYTE = 'fast-fib';
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

function describeInput(program: string, input: Uint8Array): string {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  if (program === THREE_NUMBERS && bytes.length >= 12) return [0, 4, 8].map((offset) => bytes.readUInt32LE(offset)).join(', ');
  if (program === ONE_BYTE && bytes.length >= 1) return String(bytes[0]);
  return bytes.length === 0 ? '(empty)' : `0x${bytes.subarray(0, MAX_CHARACTERS).toString('hex')}`;
}
