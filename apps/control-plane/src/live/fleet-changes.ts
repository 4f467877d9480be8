import { Injectable } from '@nestjs/common';
import type { DesiredDocument, EventRecord } from '@provefleet/fleet-protocol';

/** A typed announcement: those who listen are called one after the other, in the order they came. */
export class Topic<T> {
  private readonly listeners: ((value: T) => void)[] = [];

  on(listener: (value: T) => void): void {
    this.listeners.push(listener);
  }

  emit(value: T): void {
    for (const listener of this.listeners) listener(value);
  }
}

/** What happened to the fleet, after it is in the database: features tell it here, sockets hear it. */
@Injectable()
export class FleetChanges {
  /** Ids of machines whose state or numbers changed. */
  readonly machines = new Topic<readonly string[]>();
  readonly events = new Topic<readonly EventRecord[]>();
  readonly desired = new Topic<{ readonly machineId: string; readonly revision: number; readonly document: DesiredDocument }>();
  readonly approved = new Topic<string>();
  readonly revoked = new Topic<string>();
  /** Id of a session that was ended by its user. */
  readonly sessionEnded = new Topic<string>();
}
