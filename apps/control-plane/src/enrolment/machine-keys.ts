import { createPublicKey, verify } from 'node:crypto';

/**
 * Checks an Ed25519 signature (RFC 8032).
 * @param publicKey 32 bytes of hex
 * @param signature 64 bytes of hex
 */
export function verifyMachineSignature(publicKey: string, message: Uint8Array, signature: string): boolean {
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey, 'hex').toString('base64url') } });
  return verify(null, message, key, Buffer.from(signature, 'hex'));
}
