import { OrchestratorClient, OrchestratorError, buildSubmission, generateSigningKey, type SigningKey, type SubmitProofRequest, type Task } from '@provefleet/orchestrator-client';
import type { ProofClaim, ProverBackend, Verdict } from '@provefleet/prover';
import { parseCommandLine, type OrchestratorOptions } from '../src/options.js';
import { startOrchestrator, type RunningOrchestrator } from '../src/server.js';

/** A stand-in for the prover: a proof is the magic and the claim itself, and holds when they agree. */
export const fakeProver: Pick<ProverBackend, 'verify'> & { prove(program: string, input: Uint8Array, output: Uint8Array): Uint8Array } = {
  prove: (program, input, output) => Buffer.concat([Buffer.from('PVFP'), Buffer.from(program), input, output]),
  async verify({ program, input, publicOutput, proof }: ProofClaim): Promise<Verdict> {
    return Buffer.from(proof).equals(this.prove(program, input, publicOutput)) ? { valid: true, securityBits: 96 } : { valid: false, kind: 'Rejected', reason: 'a stand-in proof of something else' };
  },
};

export interface Bench {
  readonly running: RunningOrchestrator;
  readonly client: OrchestratorClient;
  readonly key: SigningKey;
  fetch(): Promise<Task>;
  stop(): Promise<void>;
}

/** An orchestrator with the options of a command line, and a client of it. */
export async function bench(args: readonly string[], verifier: Pick<ProverBackend, 'verify'> = fakeProver, wallNow?: () => number): Promise<Bench> {
  const options: OrchestratorOptions = parseCommandLine(['node', 'dev-orchestrator', '--port', '0', ...(args.includes('--rate') ? [] : ['--unlimited']), ...args], {});
  const running = await startOrchestrator(options, { verifier, log: () => undefined, wallNow });
  const client = new OrchestratorClient({ url: running.url, limits: { requestTimeoutMs: 1_000 } });
  const key = generateSigningKey();
  return {
    running,
    client,
    key,
    fetch: () => client.getProofTask({ nodeId: '4711', publicKey: key.publicKey, maxDifficulty: 'SMALL_MEDIUM' }),
    async stop() {
      client.close();
      await running.stop();
    },
  };
}

export function submission(task: Task, proofs: readonly Uint8Array[], key: SigningKey): SubmitProofRequest {
  return buildSubmission({ taskId: task.taskId, taskType: task.taskType, proofs, key });
}

export async function failure(promise: Promise<unknown>): Promise<OrchestratorError> {
  const error: unknown = await promise.then(() => undefined, (thrown: unknown) => thrown);
  if (!(error instanceof OrchestratorError)) throw new Error(`expected an OrchestratorError, got ${String(error)}`);
  return error;
}

export interface LedgerEntry {
  taskId: string;
  nodeId: string;
  program: string;
  taskType: string;
  state: string;
  verified: boolean | null;
  reason: string | null;
}

export async function getJson<Value>(url: string): Promise<Value> {
  return (await (await fetch(url)).json()) as Value;
}

export async function ledgerOf({ running }: Bench): Promise<LedgerEntry[]> {
  return (await getJson<{ tasks: LedgerEntry[] }>(`${running.url}/dev/ledger`)).tasks;
}

export async function setScenario({ running }: Bench, name: string, params: Record<string, number | string> = {}): Promise<void> {
  const response = await fetch(`${running.url}/dev/scenario`, { method: 'POST', body: JSON.stringify({ name, params }) });
  if (!response.ok) throw new Error(await response.text());
}
