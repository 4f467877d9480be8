import type { MachineState, MachineSummary } from '@provefleet/fleet-protocol';

/** From this share of memory on the guide calls it low. */
export const LOW_MEMORY = 0.9;
/** Below this share of accepted proofs the figure is marked. */
const POOR_SUCCESS = 0.98;

/** Colour of a row's trend: blue while it proves, red while it fails, else grey. */
export const sparkTone = (state: MachineState): string => (state === 'failing' ? 'crit-solid' : state === 'proving' || state === 'throttled' || state === 'draining' ? 'series-1' : 'quiet-solid');

/** Memory in use as a share of 0 to 1; null when unknown, and always for a machine that is not heard. */
export const memoryShare = (machine: Pick<MachineSummary, 'state' | 'memoryUsedBytes' | 'memoryTotalBytes'>): number | null =>
  machine.memoryUsedBytes === null || machine.memoryTotalBytes === 0 || machine.state === 'offline' || machine.state === 'pending' ? null : machine.memoryUsedBytes / machine.memoryTotalBytes;

export const isPoor = (successRate: number | null): boolean => successRate !== null && successRate < POOR_SUCCESS;
