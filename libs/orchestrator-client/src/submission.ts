import { OrchestratorError } from './errors.js';
import { combinedHash, proofHash } from './proof-hash.js';
import { signProof, type SigningKey } from './signing.js';
import { NODE_TYPE, type NodeTelemetry, type NodeType, type SubmitProofRequest, type TaskType } from './wire.js';

export interface SubmissionSource {
  readonly taskId: string;
  readonly taskType: TaskType;
  /** One serialised proof for each of the task's inputs, in input order. */
  readonly proofs: readonly Uint8Array[];
  readonly key: SigningKey;
  readonly telemetry?: NodeTelemetry;
  /** Default: CLI_PROVER. */
  readonly nodeType?: NodeType;
}

/** The hash that stands for a task's proofs: the first proof's own for PROOF_REQUIRED, the combined one otherwise. */
export function taskProofHash(taskType: TaskType, hashes: readonly string[]): string {
  const first = hashes[0];
  if (first === undefined) throw new OrchestratorError('InvalidRequest', 'a submission needs at least one proof');
  return taskType === 'PROOF_REQUIRED' ? first : combinedHash(hashes);
}

/**
 * The signed message for a finished task: hash, signature, and exactly the payload its type asks for.
 * @throws OrchestratorError `InvalidRequest` without a proof.
 */
export function buildSubmission(source: SubmissionSource): SubmitProofRequest {
  const { taskId, taskType, key } = source;
  const hashes = source.proofs.map(proofHash);
  const hash = taskProofHash(taskType, hashes);
  const sendsProofs = taskType === 'PROOF_REQUIRED';
  const only = source.proofs.length === 1 ? source.proofs[0] : undefined;
  return {
    nodeType: NODE_TYPE[source.nodeType ?? 'CLI_PROVER'],
    proofHash: hash,
    nodeTelemetry: source.telemetry ?? null,
    proof: sendsProofs && only ? only : new Uint8Array(),
    taskId,
    ed25519PublicKey: key.publicKey,
    signature: signProof(key, taskId, hash),
    allProofHashes: taskType === 'ALL_PROOF_HASHES' ? hashes : [],
    proofs: sendsProofs ? [...source.proofs] : [],
  };
}

const INT32_MAX = 2 ** 31 - 1;
const MIB = 2 ** 20;

export interface MachineTelemetry {
  /** Billions of floating-point operations a second. */
  readonly gflops?: number;
  readonly memoryUsedBytes?: number;
  readonly memoryCapacityBytes?: number;
  /** Two-letter country, or null to leave it out. */
  readonly country?: string | null;
}

/** Telemetry in the units the network's own client sends: whole GFLOP/s, memory in MiB × 1000, capped to 31 bits. */
export function nodeTelemetry(machine: MachineTelemetry): NodeTelemetry {
  const telemetry: NodeTelemetry = {};
  if (machine.gflops !== undefined) telemetry.flopsPerSec = int32(machine.gflops);
  if (machine.memoryUsedBytes !== undefined) telemetry.memoryUsed = int32((machine.memoryUsedBytes / MIB) * 1000);
  if (machine.memoryCapacityBytes !== undefined) telemetry.memoryCapacity = int32((machine.memoryCapacityBytes / MIB) * 1000);
  if (machine.country) telemetry.location = machine.country;
  return telemetry;
}

function int32(value: number): number {
  return Number.isFinite(value) ? Math.min(INT32_MAX, Math.max(0, Math.floor(value))) : 0;
}
