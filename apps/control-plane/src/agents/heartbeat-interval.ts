const MIN_MS = 2_000;
const MAX_MS = 30_000;
/** Keeps heartbeats at about 100 a second however large the fleet, until the longest interval is reached. */
const MS_PER_MACHINE = 10;
/** Spread, so that machines that came at once do not beat at once for ever. */
const JITTER = 0.1;
const MISSED = 3;
const GRACE_MS = 2_000;

/** @param random from 0 to 1 */
export function heartbeatIntervalMs(fleetSize: number, random: number): number {
  const base = Math.min(MAX_MS, Math.max(MIN_MS, fleetSize * MS_PER_MACHINE));
  return Math.round(base * (1 + JITTER * (random * 2 - 1)));
}

/** How long after a heartbeat a machine counts as offline: when three in a row did not come. */
export const offlineAfterMs = (intervalMs: number): number => intervalMs * MISSED + GRACE_MS;
