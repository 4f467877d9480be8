import { readFile, writeFile } from 'node:fs/promises';
import { encodeInput, FAST_FIB, FIB_INPUT_INITIAL, isProgramId, PROGRAM_IDS, ProverError, readOutput, type ProgramInput, type ProverBackend, type ProverRegistry } from '@provefleet/prover';
import { AgentError, messageOf } from '../errors.js';
import { proveAndVerify } from '../workers/run-worker.js';

export interface ProveOptions {
  readonly program: string;
  readonly numbers: readonly string[];
  readonly backend: string;
  readonly threads: number;
  /** Where the proof goes; not kept when left out. */
  readonly out?: string;
}

export interface ProveAnswer {
  readonly program: string;
  readonly input: string;
  /** The program's result, decimal. */
  readonly result: string;
  readonly publicOutputHex: string;
  readonly cycles: number;
  readonly proofBytes: number;
  readonly milliseconds: number;
  readonly stages: readonly { readonly stage: string; readonly milliseconds: number }[];
  readonly file: string | null;
}

/** @throws AgentError `Usage`, `ProvingFailed`. */
export async function prove(options: ProveOptions, backends: ProverRegistry, onStage: (stage: string) => void): Promise<ProveAnswer> {
  const input = inputOf(options.program, options.numbers);
  const proved = await withBackend(options, backends, (backend) => proveAndVerify(backend, { program: options.program, input }, () => performance.now(), onStage));
  if (options.out !== undefined) await write(options.out, proved.proof);
  return {
    program: options.program,
    input: options.numbers.join(', '),
    result: readOutput(options.program, proved.publicOutput).toString(),
    publicOutputHex: Buffer.from(proved.publicOutput).toString('hex'),
    cycles: proved.cycles,
    proofBytes: proved.proof.length,
    milliseconds: Math.round(proved.milliseconds * 10) / 10,
    stages: proved.stages,
    file: options.out ?? null,
  };
}

export interface VerifyOptions extends ProveOptions {
  readonly proof: string;
  /** The result that is claimed, decimal. */
  readonly result: string;
}

/**
 * Checks that the proof in a file shows: this program on this input gives this result. Resolves to the security in bits.
 * @throws AgentError `ProofInvalid` with the reason, `Usage`, `ProvingFailed`.
 */
export async function verify(options: VerifyOptions, backends: ProverRegistry): Promise<number> {
  const { program } = options;
  const input = inputOf(program, options.numbers);
  const publicOutput = outputOf(program, options.result);
  const proof = await read(options.proof);
  const verdict = await withBackend(options, backends, (backend) => backend.verify({ program, input, publicOutput, proof }));
  if (!verdict.valid) throw new AgentError('ProofInvalid', `the proof does not hold: ${verdict.kind}: ${verdict.reason}`);
  return verdict.securityBits;
}

async function withBackend<T>({ backend: name, threads }: ProveOptions, backends: ProverRegistry, work: (backend: ProverBackend) => Promise<T>): Promise<T> {
  try {
    const backend = await backends.create(name, { threads });
    try {
      return await work(backend);
    } finally {
      await backend.close();
    }
  } catch (error) {
    if (error instanceof ProverError) throw new AgentError('ProvingFailed', `${error.code}: ${error.message}`, { cause: error });
    throw error;
  }
}

function inputOf(program: string, numbers: readonly string[]): Uint8Array {
  const values = numbers.map((text) => {
    if (!/^\d{1,10}$/.test(text)) throw new AgentError('Usage', `"${text}" is not a whole number`);
    return Number(text);
  });
  const wanted = { [FIB_INPUT_INITIAL]: ['n', 'a', 'b'], [FAST_FIB]: ['n'] };
  if (!isProgramId(program)) throw new AgentError('Usage', `program "${program}" is not known; there are ${PROGRAM_IDS.join(', ')}`);
  if (values.length !== wanted[program].length) throw new AgentError('Usage', `${program} takes ${wanted[program].join(', ')}; ${values.length} numbers were given`);
  const [n = 0, initA = 0, initB = 0] = values;
  const input: ProgramInput = program === FAST_FIB ? { program, n } : { program, n, initA, initB };
  try {
    return encodeInput(input);
  } catch (error) {
    throw new AgentError('Usage', messageOf(error), { cause: error });
  }
}

function outputOf(program: string, result: string): Uint8Array {
  if (!/^\d{1,60}$/.test(result)) throw new AgentError('Usage', `--result: "${result}" is not a whole number`);
  const bytes = new Uint8Array(program === FAST_FIB ? 24 : 4);
  let rest = BigInt(result);
  for (let i = 0; i < bytes.length; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  if (rest > 0n) throw new AgentError('Usage', `--result: ${result} is larger than any result of ${program}`);
  return bytes;
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return Uint8Array.from(await readFile(path));
  } catch (error) {
    throw new AgentError('Usage', `--proof: ${messageOf(error)}`, { cause: error });
  }
}

async function write(path: string, proof: Uint8Array): Promise<void> {
  try {
    await writeFile(path, proof);
  } catch (error) {
    throw new AgentError('Usage', `--out: ${messageOf(error)}`, { cause: error });
  }
}
