'use client';

import { useEffect, useState } from 'react';
import { useNow } from '../../data/clock';
import { useAbility } from '../../data/session';
import { formatElapsed, formatMoment, plural } from '../../lib/format';
import { joinCommand } from '../../lib/join-command';
import { useCreateToken } from '../join/use-create-token';
import { Button, ButtonLink } from '../ui/button';
import { CommandLine } from '../ui/command-line';
import { Icon } from '../ui/icon';

/** The first token: enough machines and time to begin with. */
const FIRST_USES = 20;
const DAY_MS = 86_400_000;

/** A fleet without a machine: the one step that changes that. */
export function EmptyFleet({ joinUrl }: { joinUrl: string }) {
  const { able, reason } = useAbility();
  const now = useNow();
  const { create, created, pending, error } = useCreateToken();
  const [since, setSince] = useState(0);
  useEffect(() => {
    if (created) setSince(created.createdAt);
  }, [created]);
  return (
    <main className="content" id="main">
      <div className="empty">
        <h1>No machine proves yet</h1>
        <p className="lead">Join the first one. It takes a minute or two.</p>
        <section className="card" aria-label="Join the first machine">
          <ol className="ol">
            <li>
              <div className="min-w-0">
                <h2>Make a join token</h2>
                <p className="muted mb-2.5">It can only join machines: it reads, changes and moves nothing.</p>
                <div className="row flex-wrap">
                  <Button look={created ? 'plain' : 'solid'} disabled={!able || pending} title={reason || undefined} onClick={() => create({ labels: [], uses: FIRST_USES, lifetimeMs: DAY_MS, requireApproval: false })}>
                    {created ? 'Make another token' : `Make a token for ${FIRST_USES} machines`}
                  </Button>
                  <ButtonLink look="link" href="/join">Choose labels, uses and approval</ButtonLink>
                </div>
                {error && <p className="t-crit xs mt-2" role="alert">{error}</p>}
              </div>
            </li>
            <li>
              <div className="min-w-0">
                <h2>Paste this line on the machine</h2>
                {created ? (
                  <>
                    <p className="muted mb-2.5">The same line works on {plural(created.uses, 'machine')} until {formatMoment(created.expiresAt, now || created.createdAt)} UTC.</p>
                    <CommandLine label="Line to paste" command={joinCommand(joinUrl, created.token)} marks={[joinUrl, created.token]} />
                    <p className="subtle xs mt-2">Copy it now: the token is not shown again.</p>
                  </>
                ) : (
                  <p className="muted">It appears here with the token in it.</p>
                )}
              </div>
            </li>
            <li>
              <div>
                <h2>See it arrive</h2>
                <p className="row muted">
                  <span className="live pending"><i /></span>
                  {since > 0 ? `Waiting for the first machine. Nothing has arrived in ${formatElapsed(now - since)}.` : 'This page turns into the overview when the first machine is here.'}
                </p>
              </div>
            </li>
          </ol>
        </section>
        <p className="subtle mt-3.5"><Icon name="info" small className="inline-block align-[-2px]" /> A machine needs outbound access to this control plane, and nothing inbound.</p>
      </div>
    </main>
  );
}
