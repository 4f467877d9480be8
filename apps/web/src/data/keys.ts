import type { Range } from '@provefleet/fleet-protocol';
import type { MachineQuery } from '../lib/machine-query';
import type { api } from './api';

export type MachineList = Awaited<ReturnType<typeof api.machines>>;
export type EventPage = Awaited<ReturnType<typeof api.events>>;
export type ProofPage = Awaited<ReturnType<typeof api.proofs>>;

/** Keys of all that is read, in one place because the live connection writes to them. */
export const keys = {
  overviews: ['overview'] as const,
  overview: (range: Range) => ['overview', range] as const,
  machineLists: ['machines'] as const,
  machines: (query: MachineQuery) => ['machines', query] as const,
  newest: ['newest'] as const,
  found: (q: string) => ['found', q] as const,
  machine: (id: string) => ['machine', id] as const,
  series: (id: string, range: Range) => ['series', id, range] as const,
  proofs: (id: string) => ['proofs', id] as const,
  machineEvents: (id: string) => ['machine-events', id] as const,
  events: (routine: boolean) => ['events', routine] as const,
  joinTokens: ['join-tokens'] as const,
};
