'use client';

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, type CreatedJoinToken, errorText } from '../../data/api';
import { useNow } from '../../data/clock';
import { keys } from '../../data/keys';
import { useJoinTokens } from '../../data/queries';
import { useAbility } from '../../data/session';
import { formatMoment, plural } from '../../lib/format';
import { joinCommand } from '../../lib/join-command';
import { type JoinForm, parseJoinForm, LIFETIMES } from '../../lib/join-form';
import { Button } from '../ui/button';
import { Card } from '../ui/card';
import { CommandLine } from '../ui/command-line';
import { Field, Toggle } from '../ui/field';
import { Icon } from '../ui/icon';
import { Arriving } from './arriving';
import { useCreateToken } from './use-create-token';

const FIRST_FORM: JoinForm = { labels: '', uses: '1', lifetimeMs: 86_400_000, requireApproval: false };

/** Choose once, paste one line on each machine, watch them arrive. */
export function JoinPage({ joinUrl }: { joinUrl: string }) {
  const { create, created, pending, error } = useCreateToken();
  return (
    <main className="content" id="main">
      <div className="page-head">
        <div>
          <h1>Join a machine</h1>
          <p className="sub">Choose once, paste one line on each machine, watch them arrive.</p>
        </div>
      </div>
      <div className="cols items-stretch!">
        <TokenForm made={created !== undefined} pending={pending} error={error} onCreate={create} />
        <PasteLine created={created} joinUrl={joinUrl} />
        <div className="c12"><Arriving created={created} /></div>
      </div>
    </main>
  );
}

function TokenForm({ made, pending, error, onCreate }: { made: boolean; pending: boolean; error: string | null; onCreate: ReturnType<typeof useCreateToken>['create'] }) {
  const [form, setForm] = useState(FIRST_FORM);
  const [asked, setAsked] = useState(false);
  const { able, reason } = useAbility();
  const now = useNow();
  const parsed = parseJoinForm(form);
  const wrong = asked && parsed.problem ? parsed.problem : null;
  const set = (change: Partial<JoinForm>) => setForm({ ...form, ...change });
  return (
    <Card title="1. What joins" className="c5">
      <form
        className="card-b"
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(true);
          if (parsed.body) onCreate(parsed.body);
        }}
        noValidate
      >
        <div className="opts">
          <Field className="full" label="Labels" hint="Separated by commas, such as spot, batch 8" error={wrong?.field === 'labels' ? wrong.text : undefined}>
            {(control) => <input {...control} className="input" value={form.labels} onChange={(event) => set({ labels: event.target.value })} autoComplete="off" />}
          </Field>
          <Field label="Token ends" hint={now > 0 ? `${formatMoment(now + form.lifetimeMs, now)} UTC` : ' '}>
            {(control) => (
              <select {...control} className="input" value={form.lifetimeMs} onChange={(event) => set({ lifetimeMs: Number(event.target.value) })}>
                {LIFETIMES.map(([lifetime, text]) => <option key={lifetime} value={lifetime}>{text}</option>)}
              </select>
            )}
          </Field>
          <Field label="Uses" hint="Machines that may join with it" error={wrong?.field === 'uses' ? wrong.text : undefined}>
            {(control) => <input {...control} className="input" inputMode="numeric" value={form.uses} onChange={(event) => set({ uses: event.target.value })} />}
          </Field>
          <div className="full border-t border-line pt-3.5">
            <Toggle label="Approve each machine by hand" hint="Until approved, a machine gets no task" checked={form.requireApproval} onChange={(requireApproval) => set({ requireApproval })} />
          </div>
          <div className="full row flex-wrap">
            <Button type="submit" look={made ? 'plain' : 'solid'} disabled={!able || pending} title={reason || undefined}>{made ? 'Make another token' : 'Make token'}</Button>
            {error ? <span className="t-crit xs" role="alert">{error}</span> : reason && <span className="subtle xs">{reason}</span>}
          </div>
        </div>
      </form>
    </Card>
  );
}

function PasteLine({ created, joinUrl }: { created: CreatedJoinToken | undefined; joinUrl: string }) {
  const queries = useQueryClient();
  const now = useNow();
  const { able, reason } = useAbility();
  const { data: tokens } = useJoinTokens(created !== undefined);
  const token = tokens?.items.find((item) => item.id === created?.id) ?? created;
  const end = useMutation({ mutationFn: (id: string) => api.revokeJoinToken(id), onSuccess: () => queries.invalidateQueries({ queryKey: keys.joinTokens }) });
  const ended = token && (token.revokedAt !== null || (now > 0 && token.expiresAt <= now));
  return (
    <Card title="2. Paste this line" className="c7" meta={created && !ended ? 'on each machine' : undefined}>
      <div className="card-b grid gap-3">
        {!created || !token ? (
          <div className="cmd empty-cmd"><code><span className="p" aria-hidden="true">$ </span>{joinCommand(joinUrl, '…')}</code></div>
        ) : ended ? (
          <div className="note"><Icon name="clock" small /><span>This token has ended. Machines that joined with it stay.</span></div>
        ) : (
          <CommandLine label="Line to paste" command={joinCommand(joinUrl, created.token)} marks={[joinUrl, created.token]} />
        )}
        <div className="note">
          <Icon name="lock" small />
          <span>The token can only join machines. It cannot read, change or move anything, and you see it only until you leave this page.</span>
        </div>
        {created && token && (
          <div className="row xs flex-wrap gap-x-4!">
            <span className="subtle" data-testid="token-uses">{plural(token.used, 'use')} of {token.uses}</span>
            {now > 0 && !ended && <span className="subtle">ends {formatMoment(token.expiresAt, now)} UTC</span>}
            <span className="subtle">starts with <span className="mono">{token.prefix}</span></span>
            {!ended && <Button className="ml-auto" size="small" look="link" disabled={!able || end.isPending} title={reason || undefined} onClick={() => end.mutate(token.id)}>End this token</Button>}
            {end.error && <span className="t-crit" role="alert">Not ended: {errorText(end.error)}</span>}
          </div>
        )}
        <ol className="flow">
          <li><b>1. Join</b> <span>the machine makes its keys and sends the public ones</span></li>
          <li><b>2. Trust</b> <span>at once, or when you approve it</span></li>
          <li><b>3. Run</b> <span>start the agent: provefleet-agent run</span></li>
          <li><b>4. Prove</b> <span>it takes tasks</span></li>
        </ol>
      </div>
    </Card>
  );
}
