'use client';

import type { MachineDetail } from '@provefleet/fleet-protocol';
import { DropdownMenu } from 'radix-ui';
import { useAbility } from '../../data/session';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';
import { PauseDialog, ResumeDialog, RevokeDialog, WorkersDialog } from './dialogs';
import type { Changes } from './use-changes';

/** What can be done with this machine, each after a question. */
export function Actions({ machine, changes }: { machine: MachineDetail; changes: Changes }) {
  const ability = useAbility();
  const revoked = machine.revokedAt !== null;
  const off = !ability.able || revoked;
  const why = revoked ? 'The machine is revoked' : ability.reason || undefined;
  const { paused } = machine.desired.document;
  return (
    <div className="acts">
      {paused ? (
        <Button disabled={off} title={why} onClick={() => changes.ask('resume')}><Icon name="play" />Resume</Button>
      ) : (
        <Button disabled={off} title={why} onClick={() => changes.ask('pause')}><Icon name="pause" />Pause</Button>
      )}
      <Button disabled={off} title={why} onClick={() => changes.ask('workers')}><Icon name="workers" />Workers</Button>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger asChild>
          <Button icon aria-label="More actions"><Icon name="more" /></Button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
            <DropdownMenu.Item className="menu-item" onSelect={() => void navigator.clipboard?.writeText(machine.id)}>Copy the machine’s id</DropdownMenu.Item>
            <DropdownMenu.Item className="menu-item t-crit" disabled={off} onSelect={() => changes.ask('revoke')}>Revoke…</DropdownMenu.Item>
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
      {changes.question === 'workers' && <WorkersDialog machine={machine} changes={changes} />}
      {changes.question === 'pause' && <PauseDialog machine={machine} changes={changes} />}
      {changes.question === 'resume' && <ResumeDialog machine={machine} changes={changes} />}
      {changes.question === 'revoke' && <RevokeDialog machine={machine} changes={changes} />}
    </div>
  );
}
