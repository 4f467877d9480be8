import { sessionSchema } from '@provefleet/fleet-protocol';
import { headers } from 'next/headers';
import type { Session } from './api';

/** How long a page waits for the control plane before it is sent without an answer, in milliseconds. */
const SESSION_TIMEOUT_MS = 3_000;

/** Where this server finds the control plane; read at each request, so that one build serves every place. */
export const controlPlaneUrl = (): string => process.env.PROVEFLEET_CONTROL_PLANE_URL ?? `http://127.0.0.1:${process.env.PROVEFLEET_CONTROL_PLANE_PORT ?? '4000'}`;

export type SessionState = { readonly kind: 'signed-in'; readonly session: Session } | { readonly kind: 'signed-out' } | { readonly kind: 'unreachable' };

/** Asks the control plane who this browser is. */
export async function readSession(): Promise<SessionState> {
  const cookie = (await headers()).get('cookie') ?? '';
  let response: Response;
  try {
    response = await fetch(new URL('/api/v1/auth/session', controlPlaneUrl()), { headers: { cookie }, cache: 'no-store', signal: AbortSignal.timeout(SESSION_TIMEOUT_MS) });
  } catch (cause) {
    console.warn(`Session not checked: the control plane at ${controlPlaneUrl()} does not answer (${cause instanceof Error ? cause.message : String(cause)}).`);
    return { kind: 'unreachable' };
  }
  if (response.status === 401) return { kind: 'signed-out' };
  const session = response.ok ? sessionSchema.safeParse(await response.json().catch(() => null)) : null;
  return session?.success ? { kind: 'signed-in', session: session.data } : { kind: 'unreachable' };
}

/**
 * The control plane's address as machines reach it, for the line to paste: `PROVEFLEET_PUBLIC_URL`, else this page's
 * own address behind TLS (a proxy that serves both), else the control plane's port on the same host.
 */
export async function joinUrl(): Promise<string> {
  const configured = process.env.PROVEFLEET_PUBLIC_URL;
  if (configured) return configured.replace(/\/+$/, '');
  const request = await headers();
  const host = request.get('x-forwarded-host') ?? request.get('host') ?? 'localhost';
  if (request.get('x-forwarded-proto') === 'https') return `https://${host}`;
  const { hostname } = new URL(`http://${host}`);
  return `http://${hostname}:${new URL(controlPlaneUrl()).port || '80'}`;
}
