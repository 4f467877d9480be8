import * as ed from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { OrchestratorError } from './errors.js';

// Without it the library signs asynchronously only.
ed.hashes.sha512 = sha512;

const SIGNATURE_VERSION = 0;

/** A node's signing key. `secretKey` never leaves the machine and never goes into a log. */
export interface SigningKey {
  /** 32 bytes, the Ed25519 seed. */
  readonly secretKey: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

export function generateSigningKey(): SigningKey {
  return signingKeyFromSecret(ed.utils.randomSecretKey());
}

/** @throws OrchestratorError `InvalidRequest` when the secret key is not 32 bytes. */
export function signingKeyFromSecret(secretKey: Uint8Array): SigningKey {
  if (secretKey.length !== 32) throw new OrchestratorError('InvalidRequest', `an Ed25519 secret key has 32 bytes, not ${secretKey.length}`);
  return { secretKey, publicKey: ed.getPublicKey(secretKey) };
}

/** The text that is signed: `0 | <task_id> | <proof_hash>`. */
export function signedText(taskId: string, hash: string): Uint8Array {
  return new TextEncoder().encode(`${SIGNATURE_VERSION} | ${taskId} | ${hash}`);
}

/** Ed25519 signature over {@link signedText}, 64 bytes. */
export function signProof(key: SigningKey, taskId: string, hash: string): Uint8Array {
  return ed.sign(signedText(taskId, hash), key.secretKey);
}

/** True when the signature holds. Bytes of any length and content give false, never an exception. */
export function verifyProofSignature(publicKey: Uint8Array, taskId: string, hash: string, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    return ed.verify(signature, signedText(taskId, hash), publicKey, { zip215: false });
  } catch {
    // A public key that is no point on the curve.
    return false;
  }
}
