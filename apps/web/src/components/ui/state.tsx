import type { MachineState } from '@provefleet/fleet-protocol';
import clsx from 'clsx';
import { STATE_LOOKS } from '../../lib/states';
import { Icon } from './icon';

/** A state: always its shape and its word. */
export function StateBadge({ state, pill }: { state: MachineState; pill?: boolean }) {
  const look = STATE_LOOKS[state];
  return (
    <span className={clsx('st', look.tone, pill && 'b lg')} data-machine-state={state}>
      <Icon name={look.icon} small={pill} />
      <span className="ell">{look.word}</span>
    </span>
  );
}
