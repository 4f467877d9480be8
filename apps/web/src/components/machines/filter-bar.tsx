'use client';

import { MACHINE_STATES, type MachineState } from '@provefleet/fleet-protocol';
import { DropdownMenu } from 'radix-ui';
import { useEffect, useRef, useState } from 'react';
import { formatCount } from '../../lib/format';
import type { MachineQuery } from '../../lib/machine-query';
import { STATE_LOOKS } from '../../lib/states';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';
import { StateBadge } from '../ui/state';

/** How long typing must rest before the list is asked for, in milliseconds. */
const REST_MS = 250;

interface Props {
  query: MachineQuery;
  byState: Partial<Record<MachineState, number>>;
  onChange: (query: MachineQuery) => void;
}

/** Name and states to filter by. */
export function FilterBar({ query, byState, onChange }: Props) {
  const [text, setText] = useState(query.q);
  const latest = useRef({ query, onChange });
  latest.current = { query, onChange };
  // The address changed by a link: the box follows.
  useEffect(() => setText(query.q), [query.q]);
  useEffect(() => {
    if (text.trim() === latest.current.query.q) return;
    const timer = setTimeout(() => latest.current.onChange({ ...latest.current.query, q: text.trim() }), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);

  const toggle = (state: MachineState) => {
    const next = query.states.includes(state) ? query.states.filter((known) => known !== state) : [...query.states, state];
    onChange({ ...query, states: MACHINE_STATES.filter((known) => next.includes(known)) });
  };

  return (
    <div className="fbar">
      <div className="qbox">
        <Icon name="search" small className="subtle" />
        {query.states.length > 0 && query.states.length < MACHINE_STATES.length - 1 &&
          query.states.map((state) => (
            <button key={state} type="button" className="chip on" onClick={() => toggle(state)} aria-label={`Remove the filter ${STATE_LOOKS[state].word}`}>
              <span className="k">state</span> {STATE_LOOKS[state].word}<Icon name="x" className="x" />
            </button>
          ))}
        <input
          type="search"
          aria-label="Filter by name"
          placeholder="Filter by name or label"
          maxLength={100}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === 'Escape') setText('');
          }}
        />
        <span className="kbd only-desk" aria-hidden="true">/</span>
      </div>
      <DropdownMenu.Root>
        <DropdownMenu.Trigger asChild>
          <Button className="h-9!"><Icon name="plus" small />State</Button>
        </DropdownMenu.Trigger>
        <DropdownMenu.Portal>
          <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
            {MACHINE_STATES.map((state) => (
              <DropdownMenu.CheckboxItem
                key={state}
                className="menu-item"
                checked={query.states.includes(state)}
                onCheckedChange={() => toggle(state)}
                // Several can be chosen before the menu closes.
                onSelect={(event) => event.preventDefault()}
              >
                <span className="tick"><DropdownMenu.ItemIndicator><Icon name="check" small /></DropdownMenu.ItemIndicator></span>
                <StateBadge state={state} />
                <span className="subtle xs ml-auto">{formatCount(byState[state] ?? 0)}</span>
              </DropdownMenu.CheckboxItem>
            ))}
          </DropdownMenu.Content>
        </DropdownMenu.Portal>
      </DropdownMenu.Root>
    </div>
  );
}
