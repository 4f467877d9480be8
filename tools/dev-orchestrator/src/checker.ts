import { combinedHash, enumName, NODE_TYPE, proofHash, verifyProofSignature, type SubmitProofRequest } from '@provefleet/orchestrator-client';
import { ProverError, parseInput, referenceOutput, type ProverBackend } from '@provefleet/prover';
import type { TaskRecord } from './ledger.js';
import { WireError } from './wire-error.js';

/** First bytes of every proof of ours; others are in a format only their own network can verify. */
const OUR_PROOFS = Buffer.from('PVFP');
const HASH = /^[0-9a-f]{64}$/;

export interface CheckerOptions {
  readonly verifier: Pick<ProverBackend, 'verify'>;
  /** Refuse proofs in a format that cannot be verified here. */
  readonly requireNative: boolean;
}

/** Thrown for a proof that was verified and does not hold. */
export class WrongProofError extends WireError {}

/**
 * Checks a submission against its task: key, signature, hash, payload and the proofs themselves.
 * @param keys hex of the public keys the task's node may sign with
 * @returns true when every proof was verified, null when there was none to verify here
 * @throws WireError 400, 401, 422 saying what is wrong; WrongProofError 422
 */
export async function checkSubmission(submission: SubmitProofRequest, task: TaskRecord, keys: readonly string[], options: CheckerOptions): Promise<true | null> {
  const { proofHash: hash, ed25519PublicKey, signature, nodeTelemetry, nodeType } = submission;
  if (!enumName(NODE_TYPE, nodeType)) throw bad(`node_type ${nodeType} is unknown`);
  const location = nodeTelemetry?.location;
  if (location && !/^[A-Z]{2}$/.test(location)) throw bad('node_telemetry.location is more than a two-letter country');
  if (!HASH.test(hash)) throw bad('proof_hash is not 64 lower-case hex digits');
  if (ed25519PublicKey.length !== 32) throw bad(`ed25519_public_key has ${ed25519PublicKey.length} bytes, not 32`);
  if (!keys.includes(Buffer.from(ed25519PublicKey).toString('hex'))) throw new WireError(401, 'UnauthorizedError', 'the public key is not the one the task was given to');
  if (!verifyProofSignature(ed25519PublicKey, task.taskId, hash, signature)) throw new WireError(401, 'UnauthorizedError', 'the signature does not hold');

  const proofs = checkPayload(submission, task);
  let verified: true | null = proofs.length > 0 ? true : null;
  for (const [index, proof] of proofs.entries()) {
    if ((await verifyOne(proof, task, index, options)) === null) verified = null;
  }
  return verified;
}

/** The payload rules of each task type; returns the proofs sent. */
function checkPayload(submission: SubmitProofRequest, task: TaskRecord): readonly Uint8Array[] {
  const { proof, proofs, allProofHashes, proofHash: hash } = submission;
  const expected = task.inputs.length;
  if (task.taskType === 'PROOF_REQUIRED') {
    if (allProofHashes.length > 0) throw bad('all_proof_hashes does not belong to a PROOF_REQUIRED task');
    if (proofs.length !== expected) throw bad(`proofs holds ${proofs.length} proofs, the task has ${expected} inputs`);
    const [first] = proofs;
    if (!first || proofs.some(({ length }) => length === 0)) throw bad('proofs holds an empty proof');
    if (proofs.length === 1 && !Buffer.from(proof).equals(first)) throw bad('proof must be the only proof again');
    if (proofs.length > 1 && proof.length > 0) throw bad('proof must be empty when there are several proofs');
    if (hash !== proofHash(first)) throw bad('proof_hash is not the Keccak-256 of the first proof');
    return proofs;
  }
  if (proof.length > 0 || proofs.length > 0) throw bad(`proof and proofs do not belong to a ${task.taskType} task`);
  if (task.taskType === 'PROOF_HASH') {
    if (allProofHashes.length > 0) throw bad('all_proof_hashes does not belong to a PROOF_HASH task');
    return [];
  }
  if (allProofHashes.length !== expected) throw bad(`all_proof_hashes holds ${allProofHashes.length} hashes, the task has ${expected} inputs`);
  if (!allProofHashes.every((each) => HASH.test(each))) throw bad('all_proof_hashes holds something else than 64 lower-case hex digits');
  if (hash !== combinedHash(allProofHashes)) throw bad('proof_hash is not the combined hash of all_proof_hashes');
  return [];
}

async function verifyOne(proof: Uint8Array, task: TaskRecord, index: number, { verifier, requireNative }: CheckerOptions): Promise<true | null> {
  const ours = Buffer.from(proof.subarray(0, OUR_PROOFS.length)).equals(OUR_PROOFS);
  if (!ours) {
    if (requireNative) throw new WireError(422, 'UnprocessableEntityError', `proof ${index} is in a format that cannot be verified here`);
    return null;
  }
  const input = Buffer.from(task.inputs[index] ?? '', 'hex');
  const verdict = await verifier.verify({ program: task.program, input, publicOutput: expectedOutput(task.program, input), proof });
  if (verdict.valid) return true;
  throw new WrongProofError(422, 'InvalidProofError', `proof ${index} does not hold: ${verdict.kind}: ${verdict.reason}`);
}

/** Results do not travel with a submission: they are computed here. */
function expectedOutput(program: string, input: Uint8Array): Uint8Array {
  try {
    return referenceOutput(parseInput(program, input));
  } catch (error) {
    if (!(error instanceof ProverError)) throw error;
    throw new WrongProofError(422, 'InvalidProofError', `there is no proof for such a task: ${error.message}`);
  }
}

function bad(message: string): WireError {
  return new WireError(400, 'BadRequestError', message);
}
