import type { CookieSerializeOptions } from '@fastify/cookie';
import { isLoopback } from '../config/config.js';

export const SESSION_COOKIE = 'provefleet_session';

/**
 * How the session cookie is set: out of reach of scripts, never sent from another site, and over TLS only, unless the
 * dashboard itself is on this machine's loopback.
 */
export function cookieOptions(origin: string | undefined, expiresAt: number): CookieSerializeOptions {
  const isLocal = origin !== undefined && origin.startsWith('http://') && isLoopback(new URL(origin).hostname);
  return { path: '/', httpOnly: true, sameSite: 'strict', secure: !isLocal, expires: new Date(expiresAt) };
}
