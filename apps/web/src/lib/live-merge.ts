import type { EventRecord, MachineDetail, MachineSummary, ProofRecord } from '@provefleet/fleet-protocol';

// What a live frame does to data already on the screen. Nothing here moves a row: values change in place, and the
// order is only made anew when a list is read again.

/** Lists keep this many entries; older ones are read again when somebody scrolls to them. */
export const MOST_EVENTS = 200;

/** Puts fresh summaries in the places of the old ones. Returns the same array when none of them is in it. */
export function mergeSummaries<T extends MachineSummary>(items: readonly T[], fresh: readonly MachineSummary[]): readonly T[] {
  const byId = new Map(fresh.map((machine) => [machine.id, machine]));
  let changed = false;
  const merged = items.map((item) => {
    const next = byId.get(item.id);
    if (!next) return item;
    changed = true;
    return { ...item, ...next };
  });
  return changed ? merged : items;
}

/** Fresh summary into a machine's detail; null when it is about other machines. */
export function mergeDetail(detail: MachineDetail, fresh: readonly MachineSummary[]): MachineDetail | null {
  const next = fresh.find((machine) => machine.id === detail.id);
  return next ? { ...detail, ...next } : null;
}

const eventKey = (record: EventRecord): string => `${record.machineId}/${record.event.sequence}`;
const proofKey = (record: ProofRecord): string => `${record.machineId}/${record.nodeId}/${record.taskId}/${record.settledAt}`;

function prepend<T>(items: readonly T[], fresh: readonly T[], key: (item: T) => string, at: (item: T) => number, most: number): readonly T[] {
  const known = new Set(items.map(key));
  const added = fresh.filter((item) => {
    const own = key(item);
    if (known.has(own)) return false;
    known.add(own);
    return true;
  });
  if (added.length === 0) return items;
  return [...added, ...items].sort((a, b) => at(b) - at(a)).slice(0, most);
}

/** New events before the old ones, newest first, each once. A resent batch changes nothing. */
export const prependEvents = (items: readonly EventRecord[], fresh: readonly EventRecord[], most = MOST_EVENTS): readonly EventRecord[] =>
  prepend(items, fresh, eventKey, (record) => record.event.at, most);

/** Settled tasks among events, as rows of the proofs table. */
export function proofsOf(events: readonly EventRecord[]): ProofRecord[] {
  return events.flatMap(({ machineId, machineName, event }) => {
    if (event.kind !== 'task-settled') return [];
    const { nodeId, taskId, program, taskType, difficulty, input, outcome, reason, code, workerId, provingMs, stages, proofBytes, submitAttempts, fetchedAt, settledAt } = event;
    return [{ machineId, machineName, nodeId, taskId, program, taskType, difficulty, input, outcome, reason, code, workerId, provingMs, stages, proofBytes, submitAttempts, fetchedAt, settledAt }];
  });
}

export const prependProofs = (items: readonly ProofRecord[], fresh: readonly ProofRecord[], most = MOST_EVENTS): readonly ProofRecord[] =>
  prepend(items, fresh, proofKey, (record) => record.settledAt, most);

/** Pages of an infinite list, with its first page's items replaced. */
export function withFirstItems<T, P extends { items: T[] }>(pages: readonly P[], change: (items: readonly T[]) => readonly T[]): P[] | null {
  const [first, ...rest] = pages;
  if (!first) return null;
  const items = change(first.items);
  return items === first.items ? null : [{ ...first, items: [...items] }, ...rest];
}
