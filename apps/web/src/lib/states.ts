import { MACHINE_STATES, type MachineState } from '@provefleet/fleet-protocol';
import type { IconName } from './icon-shapes';
import { formatCount } from './format';

/** How a state looks and reads. The icon and the word always appear together. */
export interface StateLook {
  readonly word: string;
  /** CSS class that sets --tone, --tone-soft and --tone-solid. */
  readonly tone: string;
  readonly icon: IconName;
  /** How several machines in this state read in a heading, after their count. */
  readonly group: string;
}

export const STATE_LOOKS: Readonly<Record<MachineState, StateLook>> = {
  failing: { word: 'Failing', tone: 's-failing', icon: 's-failing', group: 'failing' },
  'low-memory': { word: 'Low memory', tone: 's-lowmem', icon: 's-lowmem', group: 'low on memory' },
  offline: { word: 'Offline', tone: 's-offline', icon: 's-offline', group: 'offline' },
  blocked: { word: 'Blocked by version', tone: 's-blocked', icon: 's-blocked', group: 'blocked by version' },
  throttled: { word: 'Throttled', tone: 's-throttled', icon: 's-throttled', group: 'throttled' },
  pending: { word: 'Pending approval', tone: 's-pending', icon: 's-pending', group: 'waiting for approval' },
  draining: { word: 'Draining', tone: 's-draining', icon: 's-draining', group: 'draining' },
  paused: { word: 'Paused', tone: 's-paused', icon: 's-paused', group: 'paused' },
  idle: { word: 'Idle', tone: 's-idle', icon: 's-idle', group: 'idle' },
  'no-work': { word: 'No work', tone: 's-nowork', icon: 's-nowork', group: 'without work' },
  proving: { word: 'Proving', tone: 's-proving', icon: 's-proving', group: 'proving' },
};

/** States in which something is wrong and an operator should look. */
export const PROBLEM_STATES: readonly MachineState[] = ['failing', 'low-memory', 'offline', 'blocked'];
export const isProblem = (state: MachineState): boolean => PROBLEM_STATES.includes(state);

/** Heading of a group of machines with one cause: the name when it is one (`rig-b low on memory`), else the count. */
export function groupHeading(group: { state: MachineState; machines: number; names: readonly string[] }): string {
  const { group: words } = STATE_LOOKS[group.state];
  const [only] = group.names;
  if (group.machines === 1) return `${only ?? '1 machine'} ${words}`;
  return `${formatCount(group.machines)} machines ${words}`;
}

/** `fra-epyc-0412, fra-epyc-0413 and 12 more`. Empty for a single machine, whose name is in the heading. */
export function groupNames(group: { machines: number; names: readonly string[] }): string {
  if (group.machines === 1) return '';
  const rest = group.machines - group.names.length;
  return rest > 0 ? `${group.names.join(', ')} and ${formatCount(rest)} more` : group.names.join(', ');
}

/** Class that gives an icon a tone: a state's (`s-…`) sets a variable, a plain one (`t-…`) the colour itself. */
export const toneClass = (tone: string): string => (tone.startsWith('s-') ? `tone ${tone}` : tone);

/** What the fleet as a whole does: the answer every screen opens with. */
export interface Verdict {
  readonly proving: number;
  readonly machines: number;
  readonly problems: number;
  readonly affected: number;
  /** When the oldest problem began; null without problems. */
  readonly since: number | null;
  readonly lostPerMinute: number;
  /** State of the worst problem; `proving` when all prove, `idle` when some do not and nothing is wrong. */
  readonly worst: MachineState;
  /** What those do that neither prove nor are wrong: `12 draining, 24 paused`; empty without any. */
  readonly resting: string;
}

export function verdictOf(overview: {
  machines: number;
  byState: Partial<Record<MachineState, number>>;
  problems: readonly { state: MachineState; machines: number; since: number; lostPerMinute: number }[];
}): Verdict {
  const problems = overview.problems.filter((group) => isProblem(group.state));
  const resting = MACHINE_STATES.filter((state) => state !== 'proving' && !isProblem(state) && (overview.byState[state] ?? 0) > 0);
  const worst = PROBLEM_STATES.find((state) => problems.some((group) => group.state === state)) ?? (resting.length > 0 ? 'idle' : 'proving');
  return {
    proving: overview.byState.proving ?? 0,
    machines: overview.machines,
    problems: problems.length,
    affected: problems.reduce((sum, group) => sum + group.machines, 0),
    since: problems.length ? Math.min(...problems.map((group) => group.since)) : null,
    lostPerMinute: problems.reduce((sum, group) => sum + group.lostPerMinute, 0),
    worst,
    resting: resting.map((state) => `${formatCount(overview.byState[state] ?? 0)} ${STATE_LOOKS[state].group}`).join(', '),
  };
}

/** Below this many machines they are all in sight: views and filters are not shown. */
export const SMALL_FLEET = 10;
