import { createHash, randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import * as ed25519 from '@noble/ed25519';
import { x25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { join } from 'node:path';
import { z } from 'zod';
import { AgentError } from '../errors.js';
import { readIfThere, requirePrivate, writeAtomic, type FileSystem } from '../state/files.js';

ed25519.hashes.sha512 = sha512;

export type KeyAlgorithm = 'ed25519' | 'x25519';

const keyFileSchema = z.object({
  version: z.literal(1),
  algorithm: z.enum(['ed25519', 'x25519']),
  /** What the key is for: `machine`, `sealing` or `node <id>`. */
  purpose: z.string(),
  secretKey: z.string().regex(/^[0-9a-f]{64}$/),
  publicKey: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A key pair whose secret half cannot reach a log or a message by accident: printing it in any way shows the public half. */
export class KeyPair {
  readonly #secret: Uint8Array;
  readonly publicKey: Uint8Array;

  constructor(readonly algorithm: KeyAlgorithm, secret: Uint8Array) {
    this.#secret = secret;
    this.publicKey = algorithm === 'ed25519' ? ed25519.getPublicKey(secret) : x25519.getPublicKey(secret);
  }

  static generate(algorithm: KeyAlgorithm): KeyPair {
    return new KeyPair(algorithm, randomBytes(32));
  }

  get publicKeyHex(): string {
    return Buffer.from(this.publicKey).toString('hex');
  }

  /** Ed25519 signature, 64 bytes. */
  sign(message: Uint8Array): Uint8Array {
    if (this.algorithm !== 'ed25519') throw new Error('a sealing key cannot sign');
    return ed25519.sign(message, this.#secret);
  }

  /** The secret half, for the one place that must have it. */
  exposeSecret(): Uint8Array {
    return this.#secret;
  }

  toJSON(): string {
    return `${this.algorithm}:${this.publicKeyHex}`;
  }

  [inspect.custom](): string {
    return this.toJSON();
  }
}

/** The keys of one machine, made on it, in files only its user can read. They never leave it. */
export interface MachineIdentity {
  /** Ed25519: who the machine is to the control plane. */
  readonly machine: KeyPair;
  /** X25519: what operators seal imported keys to. */
  readonly sealing: KeyPair;
}

/**
 * Reads the machine's keys, making those that are not there yet.
 * @throws AgentError `StateUnsafe`, `KeyInvalid`.
 */
export async function loadIdentity(fs: FileSystem, keysDirectory: string): Promise<MachineIdentity> {
  return {
    machine: await loadOrCreateKey(fs, join(keysDirectory, 'machine.json'), 'ed25519', 'machine'),
    sealing: await loadOrCreateKey(fs, join(keysDirectory, 'sealing.json'), 'x25519', 'sealing'),
  };
}

/**
 * Reads the Ed25519 key a node signs its proofs with, making it at first use. It persists until it is rotated.
 * @throws AgentError `StateUnsafe`, `KeyInvalid`.
 */
export function loadNodeKey(fs: FileSystem, keysDirectory: string, nodeId: string): Promise<KeyPair> {
  // Node ids come from outside: the file's name is a hash of it, never the id.
  const name = createHash('sha256').update(nodeId).digest('hex').slice(0, 32);
  return loadOrCreateKey(fs, join(keysDirectory, `node-${name}.json`), 'ed25519', `node ${nodeId}`);
}

async function loadOrCreateKey(fs: FileSystem, path: string, algorithm: KeyAlgorithm, purpose: string): Promise<KeyPair> {
  const content = await readIfThere(fs, path);
  if (content === null) {
    const key = KeyPair.generate(algorithm);
    const file = { version: 1, algorithm, purpose, secretKey: Buffer.from(key.exposeSecret()).toString('hex'), publicKey: key.publicKeyHex };
    await writeAtomic(fs, path, `${JSON.stringify(file, null, 2)}\n`);
    return key;
  }
  await requirePrivate(fs, path, 'file');
  return parseKey(path, content.toString(), algorithm, purpose);
}

function parseKey(path: string, text: string, algorithm: KeyAlgorithm, purpose: string): KeyPair {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // Not passed on as the cause: a parser's message quotes the text, which is a key.
    throw new AgentError('KeyInvalid', `key file ${path} is not JSON; restore it from a backup, or remove it to make a new key (a new machine key must join again)`);
  }
  const parsed = keyFileSchema.safeParse(value);
  if (!parsed.success) throw new AgentError('KeyInvalid', `key file ${path} is damaged at ${parsed.error.issues[0]?.path.join('.') || 'its top'}`);
  if (parsed.data.algorithm !== algorithm || parsed.data.purpose !== purpose) {
    throw new AgentError('KeyInvalid', `key file ${path} holds the ${parsed.data.algorithm} key "${parsed.data.purpose}" where "${purpose}" is expected`);
  }
  const key = new KeyPair(algorithm, Buffer.from(parsed.data.secretKey, 'hex'));
  if (key.publicKeyHex !== parsed.data.publicKey) throw new AgentError('KeyInvalid', `key file ${path} is damaged: its two halves do not belong together`);
  return key;
}
