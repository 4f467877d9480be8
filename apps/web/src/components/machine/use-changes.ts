'use client';

import type { MachineDetail } from '@provefleet/fleet-protocol';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, errorText, type SetDesired } from '../../data/api';
import { keys } from '../../data/keys';
import { rolloutOf } from '../../lib/desired';
import { useToasts } from '../ui/toast';

export type Question = 'workers' | 'pause' | 'resume' | 'revoke';

export interface Changes {
  /** The dialog that is open. */
  readonly question: Question | null;
  ask(question: Question | null): void;
  readonly pending: boolean;
  /** Why the last change was not taken; null when it was. */
  readonly error: string | null;
  setDesired(body: SetDesired): void;
  approve(): void;
  revoke(reason: string): void;
}

/** Changes of one machine. Says "sent" when the control plane has it, "applied" when the machine reports it. */
export function useChanges(machine: MachineDetail): Changes {
  const queries = useQueryClient();
  const toasts = useToasts();
  const [question, setQuestion] = useState<Question | null>(null);
  const [sent, setSent] = useState<number | null>(null);
  const take = (fresh: MachineDetail) => {
    queries.setQueryData(keys.machine(machine.id), fresh);
    void queries.invalidateQueries({ queryKey: keys.machineLists });
    void queries.invalidateQueries({ queryKey: keys.newest });
    setQuestion(null);
  };

  const desire = useMutation({
    mutationFn: (body: SetDesired) => api.setDesired(machine.id, { ...body, expectedRevision: machine.desired.revision }),
    onSuccess: (fresh) => {
      take(fresh);
      setSent(fresh.desired.revision);
      const text = fresh.state === 'offline' ? `r${fresh.desired.revision} waits: ${machine.name} is offline and applies it when it returns.` : `r${fresh.desired.revision} sent to ${machine.name}.`;
      toasts.show({ id: `desired-${machine.id}`, text, icon: 'clock', tone: 't-wait' });
    },
    // An open dialog says it itself, beside the button.
    onError: (error) => question === null && toasts.show({ id: `desired-${machine.id}`, text: `Not sent to ${machine.name}: ${errorText(error)}`, icon: 'alert', tone: 't-crit' }),
  });
  const approval = useMutation({
    mutationFn: () => api.approve(machine.id),
    onSuccess: (fresh) => {
      take(fresh);
      toasts.show({ id: `approve-${machine.id}`, text: `${machine.name} is approved and may fetch tasks.`, icon: 'check', tone: 't-ok' });
    },
    onError: (error) => toasts.show({ id: `approve-${machine.id}`, text: `${machine.name} not approved: ${errorText(error)}`, icon: 'alert', tone: 't-crit' }),
  });
  const revocation = useMutation({
    mutationFn: (reason: string) => api.revoke(machine.id, reason),
    onSuccess: (fresh) => {
      take(fresh);
      toasts.show({ id: `revoke-${machine.id}`, text: `${machine.name} is revoked.`, icon: 'check', tone: 't-quiet' });
    },
  });

  const rollout = rolloutOf(machine);
  useEffect(() => {
    if (sent === null || machine.desired.revision !== sent) return;
    if (rollout.step === 'applied') toasts.show({ id: `desired-${machine.id}`, text: `r${sent} applied on ${machine.name}.`, icon: 'check', tone: 't-ok' });
    else if (rollout.step === 'rejected') toasts.show({ id: `desired-${machine.id}`, text: `r${sent} rejected by ${machine.name}: ${rollout.field} ${rollout.reason}`, icon: 'alert', tone: 't-crit' });
    else return;
    setSent(null);
  }, [sent, rollout, machine.desired.revision, machine.id, machine.name, toasts]);

  const failed = desire.error ?? revocation.error;
  return {
    question,
    ask: (next) => {
      desire.reset();
      revocation.reset();
      setQuestion(next);
    },
    pending: desire.isPending || approval.isPending || revocation.isPending,
    error: failed && errorText(failed),
    setDesired: desire.mutate,
    approve: approval.mutate,
    revoke: revocation.mutate,
  };
}
