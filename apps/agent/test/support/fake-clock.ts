import { FakeClock } from '@provefleet/scheduling';
import type { AgentClock } from '../../src/clock.js';

/** A clock that stands still until told to advance; its wall time can be set apart from it. */
export class FakeAgentClock extends FakeClock implements AgentClock {
  /** Wall time at the clock's zero, milliseconds since the epoch. */
  wallOffset = 1_700_000_000_000;

  wallNow(): number {
    return this.wallOffset + this.now();
  }
}
