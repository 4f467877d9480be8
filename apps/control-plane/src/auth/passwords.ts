import { randomBytes } from 'node:crypto';
import argon2 from 'argon2';

/** RFC 9106, section 4, second recommended option: 64 MiB, 3 passes, 4 lanes. */
const PARAMETERS = { type: argon2.argon2id, memoryCost: 65_536, timeCost: 3, parallelism: 4 } as const;

/** argon2id hash in its own text form, with salt and parameters. */
export const hashPassword = (password: string): Promise<string> => argon2.hash(password, PARAMETERS);

let nobody: Promise<string> | undefined;

/**
 * Checks a password. Without a hash (no such user) it does the same work for nothing, so that the time taken does not
 * tell which users exist.
 */
export async function verifyPassword(hash: string | undefined, password: string): Promise<boolean> {
  nobody ??= hashPassword(randomBytes(32).toString('hex'));
  const isRight = await argon2.verify(hash ?? (await nobody), password);
  return hash !== undefined && isRight;
}
