'use client';

import { createContext, useContext } from 'react';
import type { Session } from './api';
import { useLive } from './live';

/** Who is signed in; null while the control plane could not be asked. */
export const SessionContext = createContext<Session | null>(null);

/** The role that changes nothing. The control plane decides; this only greys out. */
const READING_ROLE: Session['role'] = 'viewer';

/** Whether buttons that change something work, and why they do not. */
export function useAbility(): { readonly able: boolean; readonly reason: string } {
  const session = useContext(SessionContext);
  const { canChange } = useLive();
  if (!canChange) return { able: false, reason: 'Changes are off until the control plane is back' };
  if (session?.role === READING_ROLE) return { able: false, reason: `Your role, ${session.role}, reads only` };
  return { able: true, reason: '' };
}

export const useSession = (): Session | null => useContext(SessionContext);
