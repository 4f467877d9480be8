import type { DesiredDocument, MachineDetail, MachineSummary } from '@provefleet/fleet-protocol';
import { formatElapsed, UNKNOWN } from './format';

type Configured = Pick<MachineSummary, 'desired' | 'observed' | 'state'>;

export const workersText = (workers: DesiredDocument['workers']): string => (workers === 'auto' ? 'automatic' : String(workers));

/** Workers of a machine as one cell: what runs now, what is wanted, and why the two differ. */
export interface WorkersCell {
  /** `4`, or `3 → 4` when they differ. */
  readonly text: string;
  readonly note: string;
  /** `wait` marks a difference that should go away; `quiet` one that is as it should be. */
  readonly tone: 'same' | 'wait' | 'quiet';
}

export function workersCell(machine: Configured, now: number, desiredSince: number | null = null): WorkersCell {
  const { desired, observed } = machine;
  const wanted = workersText(desired.document.workers);
  if (machine.state === 'pending') return { text: 'not set', note: '', tone: 'quiet' };
  if (observed === null) return { text: `unknown → ${wanted}`, note: 'no report yet', tone: 'quiet' };
  if (machine.state === 'offline') return { text: `unknown → ${wanted}`, note: `was ${observed.workers}`, tone: 'quiet' };
  const same = desired.document.workers === 'auto' || desired.document.workers === observed.workers;
  const behind = observed.revision < desired.revision;
  const text = same ? (desired.document.workers === 'auto' ? `${observed.workers} automatic` : String(observed.workers)) : `${observed.workers} → ${wanted}`;
  if (observed.rejected && observed.rejected.revision === desired.revision) return { text, note: `r${desired.revision} rejected`, tone: 'wait' };
  if (behind) return { text, note: `r${desired.revision} sent${desiredSince === null ? '' : `, ${formatElapsed(now - desiredSince)}`}`, tone: same ? 'quiet' : 'wait' };
  if (same) return { text, note: '', tone: 'same' };
  if (desired.document.paused) return { text, note: 'while paused', tone: 'quiet' };
  if (machine.state === 'low-memory') return { text, note: 'memory is low', tone: 'wait' };
  return { text, note: machine.state === 'draining' ? 'drains' : 'changes now', tone: 'wait' };
}

export interface ConfigurationRow {
  readonly setting: string;
  readonly desired: string;
  readonly observed: string;
  readonly differs: boolean;
}

/** Desired against observed, setting by setting. An offline or silent machine's values are unknown, not equal. */
export function configurationRows(machine: Configured): ConfigurationRow[] {
  const { desired, observed } = machine;
  const known = observed !== null && machine.state !== 'offline';
  const row = (setting: string, wanted: string, seen: string | null, differs: boolean): ConfigurationRow => ({
    setting,
    desired: wanted,
    observed: seen === null ? 'unknown' : seen,
    differs,
  });
  const auto = desired.document.workers === 'auto';
  const rows = [
    row('Workers', workersText(desired.document.workers), known ? String(observed.workers) : null, known && !auto && desired.document.workers !== observed.workers && !observed.document.paused),
    row('Paused', desired.document.paused ? 'yes' : 'no', known ? (observed.document.paused ? 'yes' : 'no') : null, known && observed.document.paused !== desired.document.paused),
  ];
  if (desired.document.pauseNote || observed?.document.pauseNote) {
    rows.push(row('Pause note', desired.document.pauseNote || UNKNOWN, known ? observed.document.pauseNote || UNKNOWN : null, known && observed.document.pauseNote !== desired.document.pauseNote));
  }
  rows.push(row('Revision', `r${desired.revision}`, known ? `r${observed.revision}` : null, known && observed.revision !== desired.revision));
  return rows;
}

/** How far a machine is with the newest revision. */
export type Rollout =
  | { readonly step: 'applied' }
  | { readonly step: 'sent'; readonly revision: number }
  | { readonly step: 'waits'; readonly revision: number }
  | { readonly step: 'rejected'; readonly revision: number; readonly field: string; readonly reason: string };

export function rolloutOf(machine: Configured): Rollout {
  const { desired, observed } = machine;
  if (observed?.rejected && observed.rejected.revision === desired.revision) {
    return { step: 'rejected', revision: desired.revision, field: observed.rejected.field, reason: observed.rejected.reason };
  }
  if (observed && observed.revision >= desired.revision) return { step: 'applied' };
  return { step: machine.state === 'offline' || machine.state === 'pending' || observed === null ? 'waits' : 'sent', revision: desired.revision };
}

export interface RevisionChange {
  readonly setting: string;
  readonly from: string;
  readonly to: string;
}

/** What a revision changed against the one before it; without one, everything it sets is listed from nothing. */
export function revisionChanges(document: DesiredDocument, before: DesiredDocument | null): RevisionChange[] {
  const changes: RevisionChange[] = [];
  if (before === null || before.workers !== document.workers) {
    changes.push({ setting: 'Workers', from: before ? workersText(before.workers) : '', to: workersText(document.workers) });
  }
  if (before ? before.paused !== document.paused : document.paused) {
    changes.push({ setting: 'Paused', from: before ? (before.paused ? 'yes' : 'no') : '', to: document.paused ? 'yes' : 'no' });
  }
  return changes;
}

/** When the desired revision was made, as far as the detail's list reaches. */
export const desiredSince = (machine: Pick<MachineDetail, 'desired' | 'revisions'>): number | null =>
  machine.revisions.find((entry) => entry.revision === machine.desired.revision)?.at ?? null;
