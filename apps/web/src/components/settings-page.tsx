'use client';

import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { api, errorText, type JoinToken } from '../data/api';
import { useNow } from '../data/clock';
import { keys } from '../data/keys';
import { useJoinTokens } from '../data/queries';
import { useAbility, useSession } from '../data/session';
import { setTheme, useTheme } from '../data/theme';
import { formatElapsed, formatMoment, plural } from '../lib/format';
import { Button } from './ui/button';
import { Card, Skeleton } from './ui/card';
import { Failure } from './ui/failure';
import { Segmented } from './ui/segmented';

const THEMES = [['system', 'As the device'], ['light', 'Light'], ['dark', 'Dark']] as const;

export function SettingsPage() {
  return (
    <main className="content" id="main">
      <div className="page-head"><div><h1>Settings</h1></div></div>
      <div className="cols">
        <div className="c5 stack">
          <Account />
          <Appearance />
          <ControlPlane />
        </div>
        <div className="c7 stack"><JoinTokens /></div>
      </div>
    </main>
  );
}

function Account() {
  const router = useRouter();
  const session = useSession();
  const now = useNow();
  const out = useMutation({ mutationFn: () => api.logout(), onSuccess: () => router.replace('/login') });
  return (
    <Card title="Account">
      <div className="card-b grid gap-3" id="account">
        {session ? (
          <p>Signed in as <b>{session.user}</b>, {session.role}. <span className="subtle">The session ends {now > 0 && `${formatMoment(session.expiresAt, now)} UTC`}.</span></p>
        ) : (
          <p className="subtle">Who is signed in is known when the control plane answers.</p>
        )}
        <div className="row"><Button disabled={out.isPending} onClick={() => out.mutate()}>Sign out</Button>{out.error && <span className="t-crit xs" role="alert">Not signed out: {errorText(out.error)}</span>}</div>
        <p className="subtle xs">Machines keep proving while you are signed out.</p>
      </div>
    </Card>
  );
}

function Appearance() {
  const theme = useTheme();
  return (
    <Card title="Appearance">
      <div className="card-b grid gap-2">
        <div><Segmented label="Theme" value={theme} options={THEMES} onChange={setTheme} /></div>
        <p className="subtle xs">Kept in this browser. All times are UTC.</p>
      </div>
    </Card>
  );
}

function ControlPlane() {
  const { data: health, error } = useQuery({ queryKey: ['health'], queryFn: ({ signal }) => api.health(signal), refetchInterval: 10_000 });
  return (
    <Card title="Control plane">
      <div className="card-b">
        {health ? (
          <p>Version {health.version}, up {formatElapsed(health.uptimeMs)}, database {health.database}.</p>
        ) : (
          <p className="subtle">{error ? errorText(error) : 'Asking.'}</p>
        )}
      </div>
    </Card>
  );
}

function JoinTokens() {
  const { data, error, refetch } = useJoinTokens(true);
  return (
    <Card title="Join tokens" end={<Link href="/join">Make a token</Link>}>
      {!data ? (
        error ? <Failure error={error} onRetry={() => void refetch()} what="Join tokens" /> : <div className="p-4"><Skeleton className="h-20" /></div>
      ) : data.items.length === 0 ? (
        <p className="card-b subtle">No token has been made yet.</p>
      ) : (
        <table className="tbl list mt-2" aria-label="Join tokens">
          <colgroup><col style={{ width: '28%' }} /><col style={{ width: '16%' }} /><col style={{ width: '32%' }} /><col style={{ width: '24%' }} /></colgroup>
          <thead><tr><th scope="col">Begins with</th><th scope="col">Used</th><th scope="col">State</th><th><span className="sr">Action</span></th></tr></thead>
          <tbody>{data.items.map((token) => <TokenRow key={token.id} token={token} />)}</tbody>
        </table>
      )}
    </Card>
  );
}

function TokenRow({ token }: { token: JoinToken }) {
  const now = useNow();
  const queries = useQueryClient();
  const { able, reason } = useAbility();
  const end = useMutation({ mutationFn: () => api.revokeJoinToken(token.id), onSettled: () => queries.invalidateQueries({ queryKey: keys.joinTokens }) });
  const usedUp = token.used >= token.uses;
  const expired = now > 0 && token.expiresAt <= now;
  const works = token.revokedAt === null && !usedUp && !expired;
  const state = token.revokedAt !== null ? `ended ${formatMoment(token.revokedAt, now)}` : usedUp ? 'used up' : expired ? `ended ${formatMoment(token.expiresAt, now)}` : `works until ${formatMoment(token.expiresAt, now)}`;
  return (
    <tr>
      <td className="a-name"><span className="l1 mono">{token.prefix}…</span><span className="l2">{token.createdBy}{token.labels.length > 0 && `, ${token.labels.join(', ')}`}</span></td>
      <td className="a-rate">{token.used} of {token.uses}</td>
      <td className="a-state"><span className="l1">{now > 0 && state}</span>{token.requireApproval && <span className="l2">approval by hand</span>}</td>
      <td className="num a-lat">
        {works && <Button size="small" disabled={!able || end.isPending} title={reason || undefined} onClick={() => end.mutate()} aria-label={`End the token ${token.prefix}, ${plural(token.uses - token.used, 'use')} left`}>End</Button>}
        {end.error && <span className="t-crit xs" role="alert">{errorText(end.error)}</span>}
      </td>
    </tr>
  );
}
