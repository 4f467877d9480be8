import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits, safe in a URL and in a shell. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/**
 * What the database keeps of a session or join token. A plain SHA-256 is enough: the secret is random and long, there
 * is nothing to guess.
 */
export const hashSecret = (secret: string): Uint8Array<ArrayBuffer> => new Uint8Array(createHash('sha256').update(secret).digest());
