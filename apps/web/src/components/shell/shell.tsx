'use client';

import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { type ReactNode, useCallback, useEffect, useState } from 'react';
import { ApiError, type Session, UnreachableError } from '../../data/api';
import { LiveProvider, useLive } from '../../data/live';
import { useOverview } from '../../data/queries';
import { SessionContext } from '../../data/session';
import { plural } from '../../lib/format';
import { groupHeading, isProblem } from '../../lib/states';
import { ToastProvider } from '../ui/toast';
import { OfflineBanner } from './offline-banner';
import { SideBar, TabBar } from './navigation';
import { TopBar } from './top-bar';

/** A page opened during an outage does not know who is signed in: it asks again as soon as it can. */
function SessionReturn({ known }: { known: boolean }) {
  const router = useRouter();
  const { status } = useLive();
  const reachable = status === 'live' || status === 'polling';
  useEffect(() => {
    if (!known && reachable) router.refresh();
  }, [known, reachable, router]);
  return null;
}

/** Tells a screen reader when problems begin or end. Numbers that merely change are not read out. */
function Announcer() {
  const { data: overview } = useOverview('1h');
  const problems = overview?.problems.filter((group) => isProblem(group.state)) ?? [];
  const text = overview ? (problems.length === 0 ? 'No problem is open.' : `${plural(problems.length, 'problem')}: ${problems.map(groupHeading).join(', ')}.`) : '';
  return <p className="sr" role="status">{text}</p>;
}

/** The frame of all pages behind the sign-in: navigation, the fleet's state in the top bar, the live connection. */
export function Shell({ session, children }: { session: Session | null; children: ReactNode }) {
  const router = useRouter();
  const signedOut = useCallback(() => router.replace(`/login?next=${encodeURIComponent(window.location.pathname + window.location.search)}`), [router]);
  const [queries] = useState(
    () =>
      new QueryClient({
        queryCache: new QueryCache({ onError: (error) => error instanceof ApiError && error.status === 401 && signedOut() }),
        defaultOptions: {
          queries: {
            networkMode: 'always',
            staleTime: 1_000,
            // A refusal stays one; an unreachable control plane is asked again by the connection itself.
            retry: (failures, error) => error instanceof UnreachableError && failures < 1,
            refetchOnWindowFocus: true,
          },
          mutations: { networkMode: 'always' },
        },
      }),
  );
  return (
    <QueryClientProvider client={queries}>
      <LiveProvider reachable={session !== null} onSignedOut={signedOut}>
        <SessionContext value={session}>
          <SessionReturn known={session !== null} />
          <ToastProvider>
            <Announcer />
            <a className="skip" href="#main">Skip to the content</a>
            <div className="app">
              <SideBar />
              <div className="main">
                <OfflineBanner />
                <TopBar />
                {children}
              </div>
              <TabBar />
            </div>
          </ToastProvider>
        </SessionContext>
      </LiveProvider>
    </QueryClientProvider>
  );
}
