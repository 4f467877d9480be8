'use client';

import { type FormEvent, useEffect, useRef, useState } from 'react';
import { api, ApiError, errorText, type Health } from '../data/api';
import { safeNext } from '../lib/safe-next';
import { Button } from './ui/button';
import { Field } from './ui/field';
import { Icon, Mark } from './ui/icon';

/** How often the control plane is asked whether it is there, in milliseconds. */
const PROBE_MS = 5_000;

type Reach = { readonly state: 'asking' } | { readonly state: 'up'; readonly health: Health } | { readonly state: 'down' };

export function LoginPage() {
  const [user, setUser] = useState('');
  const [password, setPassword] = useState('');
  const [shown, setShown] = useState(false);
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const box = useRef<HTMLInputElement>(null);
  const reach = useReach();

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!user.trim() || !password) {
      setError('Both a user and a password are needed.');
      return;
    }
    setPending(true);
    setError(null);
    try {
      await api.login(user.trim(), password);
      // A whole new page: the server reads the session, and nothing of the signed-out page stays.
      window.location.assign(safeNext(new URLSearchParams(window.location.search).get('next')));
    } catch (failure) {
      setPending(false);
      setError(failure instanceof ApiError && failure.status === 401 ? 'That user and password do not match.' : errorText(failure));
      box.current?.focus();
      box.current?.select();
    }
  };

  return (
    <main className="login">
      <div className="login-card">
        <div className="brand"><Mark size={32} />Provefleet</div>
        <form className="card" onSubmit={(event) => void submit(event)} noValidate>
          <h1>Sign in</h1>
          <Field label="User">
            {(control) => <input {...control} className="input" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus value={user} onChange={(event) => setUser(event.target.value)} />}
          </Field>
          <Field label="Password" error={error ?? undefined}>
            {(control) => (
              <span className="reveal">
                <input {...control} ref={box} className="input" type={shown ? 'text' : 'password'} name="password" autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} />
                <button type="button" className="link xs" aria-pressed={shown} aria-label={shown ? 'Hide the password' : 'Show the password'} onClick={() => setShown(!shown)}>{shown ? 'Hide' : 'Show'}</button>
              </span>
            )}
          </Field>
          <Button type="submit" look="solid" size="large" wide disabled={pending}>{pending ? 'Signing in' : 'Sign in'}</Button>
          <p className="subtle xs">First time? The user is <span className="mono">admin</span>. Its password was made when the control plane first started: the start prints the name of the file that holds it.</p>
        </form>
        <p className="subtle xs mt-4">Machines keep proving while you are signed out.</p>
      </div>
      <footer className="login-foot">
        <ReachText reach={reach} />
        {reach.state === 'up' && <span>Version {reach.health.version}</span>}
      </footer>
    </main>
  );
}

function ReachText({ reach }: { reach: Reach }) {
  if (reach.state === 'down') return <span className="row t-crit" role="status"><Icon name="cloudoff" small />Control plane unreachable. Signing in waits for it.</span>;
  if (reach.state === 'asking') return <span className="live pending" role="status"><i />Asking the control plane</span>;
  if (reach.health.database === 'down') return <span className="row t-wait" role="status"><Icon name="alert" small />Control plane reachable, its database is down</span>;
  return <span className="live" role="status"><i />Control plane reachable</span>;
}

function useReach(): Reach {
  const [reach, setReach] = useState<Reach>({ state: 'asking' });
  useEffect(() => {
    const abort = new AbortController();
    const probe = () =>
      api.health(abort.signal).then(
        (health) => setReach({ state: 'up', health }),
        () => {
          if (!abort.signal.aborted) setReach({ state: 'down' });
        },
      );
    void probe();
    const timer = setInterval(probe, PROBE_MS);
    return () => {
      abort.abort();
      clearInterval(timer);
    };
  }, []);
  return reach;
}
