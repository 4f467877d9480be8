import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/** Lower-case hex of Keccak-256 over a serialised proof. */
export function proofHash(proof: Uint8Array): string {
  return bytesToHex(keccak_256(proof));
}

/** The hash of a task with several inputs: Keccak-256 over the concatenated ASCII hex of the single hashes, in input order. */
export function combinedHash(hashes: readonly string[]): string {
  return bytesToHex(keccak_256(utf8ToBytes(hashes.join(''))));
}
