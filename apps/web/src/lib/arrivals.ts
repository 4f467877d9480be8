import type { MachineSummary } from '@provefleet/fleet-protocol';

/** A machine counts as arriving for so long after it joined, in milliseconds. */
const ARRIVING_MS = 86_400_000;
/** Most machines listed. */
const MOST = 50;

/** Machines that wait for approval or joined in the last day, newest first. */
export const arrivals = <T extends Pick<MachineSummary, 'state' | 'joinedAt'>>(machines: readonly T[], now: number): T[] =>
  machines
    .filter((machine) => machine.state === 'pending' || now - machine.joinedAt <= ARRIVING_MS)
    .sort((a, b) => b.joinedAt - a.joinedAt)
    .slice(0, MOST);

/** How many of the four steps (join, trust, run, prove) a machine has behind it, and whether the next one is stuck. */
export function arrivalStep(machine: Pick<MachineSummary, 'state' | 'lastSeenAt'>): { done: 1 | 2 | 3 | 4; bad: boolean } {
  switch (machine.state) {
    case 'pending':
      return { done: 1, bad: false };
    case 'proving':
      return { done: 4, bad: false };
    case 'offline':
      return { done: 2, bad: machine.lastSeenAt !== null };
    case 'failing':
    case 'low-memory':
    case 'blocked':
      return { done: 3, bad: true };
    default:
      return { done: machine.lastSeenAt === null ? 2 : 3, bad: false };
  }
}
