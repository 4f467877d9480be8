import { headers } from 'next/headers';
import { redirect } from 'next/navigation';
import type { ReactNode } from 'react';
import { Shell } from '../../components/shell/shell';
import { readSession } from '../../data/server';

/** All pages behind the sign-in. Without the control plane they still open, and say so. */
export default async function FleetLayout({ children }: { children: ReactNode }) {
  const state = await readSession();
  if (state.kind === 'signed-out') {
    const path = (await headers()).get('x-path') ?? '/';
    redirect(path === '/' ? '/login' : `/login?next=${encodeURIComponent(path)}`);
  }
  return (
    <Shell session={state.kind === 'signed-in' ? state.session : null}>
      {children}
    </Shell>
  );
}
