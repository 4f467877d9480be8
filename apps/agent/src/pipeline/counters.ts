import type { Heartbeat } from '@provefleet/fleet-protocol';

type Counts = Omit<Heartbeat['counters'], 'workerRestarts' | 'droppedEvents'>;

/** Counts of tasks since the agent started. */
export class Counters implements Counts {
  fetched = 0;
  accepted = 0;
  refused = 0;
  expired = 0;
  failed = 0;
}
