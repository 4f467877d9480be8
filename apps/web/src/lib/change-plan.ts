import { type DesiredDocument, type MachineDetail, MAX_WORKERS } from '@provefleet/fleet-protocol';
import { formatDuration, plural } from './format';

// What a change will do, as the operator reads it before sending: how many change, what is lost, when it is done, how
// to go back.

type Planned = Pick<MachineDetail, 'name' | 'state' | 'desired' | 'observed' | 'provingMsP95' | 'cpuCores'>;

/** A number of workers as typed; null when it is not a whole number the protocol takes. */
export function parseWorkers(text: string): number | null {
  if (!/^\d{1,4}$/.test(text.trim())) return null;
  const number = Number(text);
  return number <= MAX_WORKERS ? number : null;
}

const upTo = (machine: Planned): string => (machine.provingMsP95 === null ? '' : `, up to ${formatDuration(machine.provingMsP95)}`);

function timing(machine: Planned): string[] {
  if (machine.state === 'offline') return [`${machine.name} is offline. It applies this when it returns.`];
  if (machine.state === 'pending') return [`${machine.name} waits for approval. It applies this when it is approved.`];
  return [];
}

export function workersPlan(machine: Planned, to: DesiredDocument['workers']): string[] {
  const from = machine.observed?.workers ?? null;
  const lines: string[] = [];
  if (to === 'auto') lines.push('The machine starts and stops workers by its cores and memory.');
  else if (to === machine.desired.document.workers) lines.push('It is set to this already. Nothing changes.');
  else if (to === 0) lines.push(`All workers finish their present proofs first${upTo(machine)}, then none proves. No proof is lost.`);
  else if (from === null) lines.push(`${plural(to, 'worker')} will run.`);
  else if (to < from) lines.push(`${plural(from - to, 'worker')} ${from - to === 1 ? 'finishes its present proof' : 'finish their present proofs'} first${upTo(machine)}, then ${from - to === 1 ? 'stops' : 'stop'}. No proof is lost.`);
  else if (to > from) lines.push(`${plural(to - from, 'more worker')} start${to - from === 1 ? 's' : ''} as memory allows. Running proofs go on.`);
  else lines.push(`${plural(to, 'worker')} run${to === 1 ? 's' : ''} already. Nothing stops or starts.`);
  if (to !== 'auto' && to > machine.cpuCores) lines.push(`That is more than its ${plural(machine.cpuCores, 'core')}: each proof takes longer.`);
  if (machine.desired.document.paused) lines.push('It is paused. The new value waits and applies when it resumes.');
  lines.push(...timing(machine), 'You can go back at any time.');
  return lines;
}

export const pausePlan = (machine: Planned): string[] => [
  `Workers finish their present proofs first${upTo(machine)}. No proof is lost, and finished proofs are still submitted.`,
  ...timing(machine),
  'Resume at any time.',
];

export function resumePlan(machine: Planned): string[] {
  const { workers } = machine.desired.document;
  return [workers === 'auto' ? 'The machine chooses its number of workers.' : `${plural(workers, 'worker')} take${workers === 1 ? 's' : ''} tasks as they come.`, ...timing(machine)];
}
