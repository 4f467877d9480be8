import { ProverError, type ProofStage, type ProverBackend, type ProverRegistry } from '@provefleet/prover';
import { MEMORY_REPORT_MS, type FromWorker, type Proved, type ToWorker } from './protocol.js';

/** The worker process's side of the channel to its agent, and what it needs of its process. */
export interface WorkerChannel {
  send(message: FromWorker): void;
  onMessage(listener: (message: ToWorker) => void): void;
  /** The agent is gone: there is nobody to prove for. */
  onDisconnect(listener: () => void): void;
  exit(code: number): void;
  memoryBytes(): number;
  /** Largest resident size so far. */
  peakBytes(): number;
  /** Monotonic milliseconds. */
  now(): number;
  every(milliseconds: number, call: () => void): () => void;
}

type ProveMessage = Extract<ToWorker, { type: 'prove' }>;

/** The whole life of a worker process: load the backend, prove jobs one after the other, verify each, report, end. */
export function runWorker(registry: ProverRegistry, channel: WorkerChannel): void {
  const jobs: ProveMessage[] = [];
  let backend: ProverBackend | null = null;
  let busy = false;
  let stopping = false;

  const end = async () => {
    await backend?.close();
    channel.exit(0);
  };

  const work = async () => {
    if (busy || backend === null) return;
    busy = true;
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await proveOne(backend, job, channel);
    busy = false;
    if (stopping) await end();
  };

  const init = async (message: Extract<ToWorker, { type: 'init' }>) => {
    try {
      const options = { threads: message.threads, ...(message.memoryBudgetBytes === null ? {} : { memoryBudgetBytes: message.memoryBudgetBytes }) };
      const created = await registry.create(message.backend, options);
      const capabilities = await created.capabilities();
      backend = created;
      channel.send({ type: 'ready', capabilities, memoryBytes: channel.memoryBytes() });
    } catch (error) {
      const cause = error instanceof ProverError ? error : new ProverError('BackendUnavailable', error instanceof Error ? error.message : String(error));
      channel.send({ type: 'unavailable', error: cause.toData() });
      return;
    }
    await work();
  };

  channel.onDisconnect(() => channel.exit(0));
  channel.onMessage((message) => {
    switch (message.type) {
      case 'init':
        void init(message);
        return;
      case 'prove':
        jobs.push(message);
        void work();
        return;
      case 'estimate':
        void estimate(backend, message, channel);
        return;
      case 'stop':
        stopping = true;
        for (const job of jobs.splice(0)) channel.send({ type: 'returned', jobId: job.jobId });
        if (!busy) void end();
    }
  });
  channel.every(MEMORY_REPORT_MS, () => {
    if (busy) channel.send({ type: 'memory', memoryBytes: channel.memoryBytes() });
  });
}

async function estimate(backend: ProverBackend | null, { requestId, program, input }: Extract<ToWorker, { type: 'estimate' }>, channel: WorkerChannel): Promise<void> {
  let bytes: number | null = null;
  try {
    bytes = (await backend?.estimateMemory(program, input)) ?? null;
  } catch (error) {
    // Proving it will fail for the same cause, and report it as the job's.
    if (!(error instanceof ProverError)) throw error;
  }
  channel.send({ type: 'estimated', requestId, bytes });
}

async function proveOne(backend: ProverBackend, job: ProveMessage, channel: WorkerChannel): Promise<void> {
  const { jobId } = job;
  try {
    const proved = await proveAndVerify(backend, job, channel.now, (stage) => channel.send({ type: 'stage', jobId, stage }));
    channel.send({ type: 'proved', jobId, proved, memoryBytes: channel.memoryBytes(), peakBytes: channel.peakBytes() });
  } catch (error) {
    channel.send({ type: 'failed', jobId, error: ProverError.from(error).toData(), memoryBytes: channel.memoryBytes() });
  }
}

/**
 * Proves and checks the own proof, so that no wrong one is ever submitted.
 * @throws ProverError of any kind; `VerificationFailed` when the proof does not hold.
 */
export async function proveAndVerify(
  backend: ProverBackend,
  job: { readonly program: string; readonly input: Uint8Array },
  now: () => number,
  onStage: (stage: ProofStage) => void,
  signal: AbortSignal = new AbortController().signal,
): Promise<Proved> {
  const started = now();
  const result = await backend.prove({ program: job.program, input: job.input, onStage }, signal);
  onStage('verify');
  const verifying = now();
  const verdict = await backend.verify({ program: job.program, input: job.input, publicOutput: result.publicOutput, proof: result.proof });
  const finished = now();
  // A backend without a verifier says so: its proofs are for the network to judge.
  if (!verdict.valid && verdict.kind !== 'Unverifiable') throw new ProverError('VerificationFailed', `the own proof does not verify: ${verdict.kind}: ${verdict.reason}`);
  const stages = [...result.stages.filter(({ stage }) => stage !== 'verify'), { stage: 'verify' as const, milliseconds: finished - verifying }];
  return { proof: result.proof, publicOutput: result.publicOutput, cycles: result.cycles, stages, milliseconds: finished - started };
}
