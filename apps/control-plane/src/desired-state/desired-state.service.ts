import { Inject, Injectable } from '@nestjs/common';
import type { DesiredDocument } from '@provefleet/fleet-protocol';
import type { RouteInput } from '../api/route.js';
import type { Routes } from '../api/routes.js';
import { CLOCK, type Clock } from '../config/clock.js';
import { FleetChanges } from '../live/fleet-changes.js';
import { MachineError, MachineErrorCode } from '../machines/machines.error.js';
import { DesiredStateError, DesiredStateErrorCode } from './desired-state.error.js';
import { DesiredStateRepository } from './desired-state.repository.js';

type Change = RouteInput<Routes['setDesired']>['body'];

@Injectable()
export class DesiredStateService {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly desired: DesiredStateRepository,
    private readonly changes: FleetChanges,
  ) {}

  /**
   * Changes what a machine should do and sends it there. A change that changes nothing makes no revision.
   * @throws {MachineError} `machine-not-found`, `machine-revoked`
   * @throws {DesiredStateError} `revision-conflict` when the machine is not at the expected revision any more
   */
  async change(machineId: string, change: Change, by: string): Promise<void> {
    const result = await this.desired.change(machineId, ({ revision, document, isRevoked }) => {
      if (isRevoked) throw new MachineError(MachineErrorCode.revoked, 'The machine was revoked; it must join again.');
      if (change.expectedRevision !== undefined && change.expectedRevision !== revision) {
        throw new DesiredStateError(DesiredStateErrorCode.revisionConflict, `The machine is at revision ${revision}, not ${change.expectedRevision}: somebody changed it meanwhile. Look at the change and try again.`, 'body.expectedRevision');
      }
      const next = merge(document, change);
      return isSame(document, next) ? null : { document: next, by, reason: change.reason, at: new Date(this.clock()) };
    });
    if (!result) throw new MachineError(MachineErrorCode.notFound, `There is no machine ${machineId}.`);
    if (!result.isChanged) return;
    this.changes.desired.emit({ machineId, revision: result.revision, document: result.document });
    this.changes.machines.emit([machineId]);
  }
}

/** The document with the given fields changed. A machine that runs again needs no note why it paused. */
export function merge(document: DesiredDocument, { workers, paused, pauseNote }: Change): DesiredDocument {
  const isPaused = paused ?? document.paused;
  return { workers: workers ?? document.workers, paused: isPaused, pauseNote: isPaused ? (pauseNote ?? document.pauseNote) : '' };
}

const isSame = (a: DesiredDocument, b: DesiredDocument) => a.workers === b.workers && a.paused === b.paused && a.pauseNote === b.pauseNote;
