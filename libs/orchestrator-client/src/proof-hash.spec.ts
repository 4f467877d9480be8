import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { combinedHash, proofHash } from './proof-hash.js';

test('the same as an independent implementation, at every length around its block of 136 bytes and for random bytes', () => {
  const bytes = Uint8Array.from({ length: 700 }, (_, i) => (i * 31) % 256);
  for (let length = 0; length <= bytes.length; length++) {
    expect(proofHash(bytes.subarray(0, length))).toBe(bytesToHex(keccak_256(bytes.subarray(0, length))));
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 5_000 }), (data) => proofHash(data) === bytesToHex(keccak_256(data))));
});

test('views into larger buffers and large proofs', () => {
  const large = Uint8Array.from({ length: 500_001 }, (_, i) => (i * 17) % 251);
  expect(proofHash(large.subarray(1))).toBe(bytesToHex(keccak_256(large.slice(1))));
  expect(proofHash(Buffer.from('xproof').subarray(1))).toBe(bytesToHex(keccak_256(Buffer.from('proof'))));
});

test('the combination is over the text of the hashes', () => {
  expect(combinedHash(['ab', 'cd'])).toBe(bytesToHex(keccak_256(Buffer.from('abcd'))));
});
