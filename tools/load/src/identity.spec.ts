import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { authMessage, enrolBodySchema, enrolMessage } from '@provefleet/fleet-protocol';
import { makeFacts } from './heartbeat.js';
import { makeIdentity } from './identity.js';
import { SeededRandom } from './random.js';

/** SHA-256 of "a-join-token". */
const TOKEN_HASH = '259f77f3f472ba76acedae1cb560c4c678672f24ff0f9e7185cf2943aaf71d61';

function holds(publicKey: string, message: Uint8Array, signature: string): boolean {
  const key = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey, 'hex').toString('base64url') } });
  return verify(null, message, key, Buffer.from(signature, 'hex'));
}

describe('a simulated machine', () => {
  const identity = makeIdentity('seed', 7);

  it('is the same for the same seed, and another for another', () => {
    expect(makeIdentity('seed', 7).publicKey).toBe(identity.publicKey);
    const others = [makeIdentity('seed', 8), makeIdentity('other', 7)];
    for (const other of others) expect([other.publicKey, other.sealingKey, other.name]).not.toEqual(expect.arrayContaining([identity.publicKey]));
  });

  it('signs a challenge and an enrolment as the control plane checks them', () => {
    expect(holds(identity.publicKey, authMessage('ab'.repeat(32), 'machine'), identity.signChallenge('ab'.repeat(32), 'machine'))).toBe(true);
    expect(holds(identity.publicKey, enrolMessage(TOKEN_HASH, identity.publicKey, identity.sealingKey), identity.signEnrolment('a-join-token'))).toBe(true);
  });

  it('enrols with a body of the protocol', () => {
    const { name, publicKey, sealingKey } = identity;
    const facts = makeFacts(name, new SeededRandom('seed', 'facts'));
    const body = { token: 'a-join-token', name, publicKey, sealingKey, signature: identity.signEnrolment('a-join-token'), facts };
    expect(enrolBodySchema.parse(body)).toEqual(body);
  });
});

describe('seeded randomness', () => {
  it('spreads evenly over its range', () => {
    const random = new SeededRandom('seed', 'spread');
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const slot = random.integer(0, 9);
      counts[slot] = (counts[slot] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});
