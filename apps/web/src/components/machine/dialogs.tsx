'use client';

import { type MachineDetail, MAX_WORKERS } from '@provefleet/fleet-protocol';
import { type ReactNode, useState } from 'react';
import { useAbility } from '../../data/session';
import { parseWorkers, pausePlan, resumePlan, workersPlan } from '../../lib/change-plan';
import { workersText } from '../../lib/desired';
import { plural } from '../../lib/format';
import { Button } from '../ui/button';
import { ConfirmDialog, FinalDialog } from '../ui/dialog';
import { Field, Toggle } from '../ui/field';
import type { Changes } from './use-changes';

interface Props {
  machine: MachineDetail;
  changes: Changes;
}

/** Longest note or reason the control plane takes. */
const MOST_LINE = 200;

function Footer({ changes, action, look = 'solid', disabled, onAction }: { changes: Changes; action: string; look?: 'solid' | 'danger'; disabled?: boolean; onAction: () => void }) {
  const { able, reason } = useAbility();
  return (
    <>
      {(changes.error || reason) && <span className="t-crit xs grow" role="alert">{changes.error ? `Not sent: ${changes.error}` : reason}</span>}
      <Button onClick={() => changes.ask(null)}>Cancel</Button>
      <Button look={look} disabled={!able || changes.pending || disabled} onClick={onAction}>{action}</Button>
    </>
  );
}

const Plan = ({ lines }: { lines: readonly string[] }) => (
  <ul className="will">
    {lines.map((line) => <li key={line} className="block!">{line}</li>)}
  </ul>
);

const closing = (changes: Changes) => (open: boolean) => {
  if (!open) changes.ask(null);
};

/** How many workers: a number, or left to the machine. */
export function WorkersDialog({ machine, changes }: Props) {
  const wanted = machine.desired.document.workers;
  const [auto, setAuto] = useState(wanted === 'auto');
  const [text, setText] = useState(wanted === 'auto' ? String(machine.observed?.workers ?? 1) : String(wanted));
  const [reason, setReason] = useState('');
  const number = parseWorkers(text);
  const value = auto ? 'auto' : number;
  const unchanged = value === wanted;
  const set = value === 'auto' ? 'Set workers to automatic' : value === null ? 'Set workers' : `Set ${plural(value, 'worker')}`;
  const step = (by: number) => setText(String(Math.min(MAX_WORKERS, Math.max(0, (number ?? 0) + by))));
  return (
    <ConfirmDialog
      open
      onOpenChange={closing(changes)}
      title={`${set} on ${machine.name}?`}
      lead={<>Now {machine.observed === null ? 'unknown' : plural(machine.observed.workers, 'worker')}, desired {workersText(wanted)}. Creates revision r{machine.desired.revision + 1}.</>}
      footer={<Footer changes={changes} action={set} disabled={value === null || unchanged} onAction={() => value !== null && changes.setDesired({ workers: value, reason: reason.trim() })} />}
    >
      <div className="dialog-b">
        <Toggle label="Automatic" hint="The machine chooses by its cores and memory" checked={auto} onChange={setAuto} />
        {!auto && (
          <Field label="Workers" hint={`0 to ${MAX_WORKERS}. This machine has ${plural(machine.cpuCores, 'core')}.`} error={number === null ? `A whole number from 0 to ${MAX_WORKERS}` : undefined}>
            {(control) => (
              <span className="stepper">
                <Button icon aria-label="One worker fewer" disabled={number === 0} onClick={() => step(-1)}>−</Button>
                <input {...control} className="input text-center" inputMode="numeric" value={text} onChange={(event) => setText(event.target.value)} />
                <Button icon aria-label="One worker more" disabled={number === MAX_WORKERS} onClick={() => step(1)}>+</Button>
              </span>
            )}
          </Field>
        )}
        <Plan lines={value === null ? ['Nothing is sent until the number is right.'] : workersPlan(machine, value)} />
        <ReasonField label="Reason, for the list of revisions" value={reason} onChange={setReason} />
      </div>
    </ConfirmDialog>
  );
}

export function PauseDialog({ machine, changes }: Props) {
  const [note, setNote] = useState('');
  return (
    <ConfirmDialog
      open
      onOpenChange={closing(changes)}
      title={`Pause ${machine.name}?`}
      lead={`It fetches no more tasks until you resume it. Creates revision r${machine.desired.revision + 1}.`}
      footer={<Footer changes={changes} action={`Pause ${machine.name}`} onAction={() => changes.setDesired({ paused: true, pauseNote: note.trim(), reason: note.trim() })} />}
    >
      <div className="dialog-b">
        <Plan lines={pausePlan(machine)} />
        <ReasonField label="Note, shown beside the state" value={note} onChange={setNote} />
      </div>
    </ConfirmDialog>
  );
}

export const ResumeDialog = ({ machine, changes }: Props) => (
  <ConfirmDialog
    open
    onOpenChange={closing(changes)}
    title={`Resume ${machine.name}?`}
    lead={`It fetches tasks again. Creates revision r${machine.desired.revision + 1}.`}
    footer={<Footer changes={changes} action={`Resume ${machine.name}`} onAction={() => changes.setDesired({ paused: false, pauseNote: '' })} />}
  >
    <div className="dialog-b"><Plan lines={resumePlan(machine)} /></div>
  </ConfirmDialog>
);

export function RevokeDialog({ machine, changes }: Props) {
  const [reason, setReason] = useState('');
  return (
    <FinalDialog
      open
      onOpenChange={closing(changes)}
      title={`Revoke ${machine.name}?`}
      lead="This cannot be undone: to come back, the machine must join again with a new token."
      footer={<Footer changes={changes} look="danger" action={`Revoke ${machine.name}`} onAction={() => changes.revoke(reason.trim())} />}
    >
      <div className="dialog-b">
        <Plan
          lines={[
            'Its connection closes at once, and it leaves all lists. Its proofs and events stay.',
            'It may go on proving with its last configuration. Stop its agent on the machine to end that.',
          ]}
        />
        <ReasonField label="Reason" value={reason} onChange={setReason} />
      </div>
    </FinalDialog>
  );
}

const ReasonField = ({ label, value, onChange }: { label: ReactNode & string; value: string; onChange: (value: string) => void }) => (
  <Field label={label} hint="May stay empty">
    {(control) => <input {...control} className="input" maxLength={MOST_LINE} value={value} onChange={(event) => onChange(event.target.value)} />}
  </Field>
);
