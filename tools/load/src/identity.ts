import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { authMessage, enrolMessage } from '@provefleet/fleet-protocol';
import { seededBytes } from './random.js';

/** RFC 8410: what precedes the 32 secret bytes in a PKCS #8 document of each kind of key. */
const PKCS8_PREFIX = { ed25519: '302e020100300506032b657004220420', x25519: '302e020100300506032b656e04220420' } as const;

/** Who a simulated machine is. The same seed makes the same machines, which the control plane knows again. */
export interface Identity {
  readonly index: number;
  readonly name: string;
  /** Ed25519, hex. */
  readonly publicKey: string;
  /** X25519, hex. */
  readonly sealingKey: string;
  /** Proof of holding the key, for a join token: hex. */
  signEnrolment(token: string): string;
  /** Answer to a challenge: hex. */
  signChallenge(nonce: string, machineId: string): string;
}

export function makeIdentity(seed: string, index: number): Identity {
  const machineKey = privateKey('ed25519', seededBytes(seed, `machine ${index}`));
  const publicKey = publicHex(machineKey);
  const sealingKey = publicHex(privateKey('x25519', seededBytes(seed, `sealing ${index}`)));
  const signHex = (message: Uint8Array) => sign(null, message, machineKey).toString('hex');
  return {
    index,
    name: `load-${seed}-${String(index).padStart(5, '0')}`,
    publicKey,
    sealingKey,
    signEnrolment: (token) => signHex(enrolMessage(createHash('sha256').update(token).digest('hex'), publicKey, sealingKey)),
    signChallenge: (nonce, machineId) => signHex(authMessage(nonce, machineId)),
  };
}

function privateKey(kind: keyof typeof PKCS8_PREFIX, secret: Buffer): KeyObject {
  return createPrivateKey({ key: Buffer.concat([Buffer.from(PKCS8_PREFIX[kind], 'hex'), secret]), format: 'der', type: 'pkcs8' });
}

function publicHex(key: KeyObject): string {
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  if (x === undefined) throw new Error('the key has no public half');
  return Buffer.from(x, 'base64url').toString('hex');
}
