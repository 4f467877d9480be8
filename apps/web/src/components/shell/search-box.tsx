'use client';

import clsx from 'clsx';
import { useRouter } from 'next/navigation';
import { useEffect, useId, useRef, useState } from 'react';
import { useFound } from '../../data/queries';
import { machinesHref } from '../../lib/machine-query';
import { StateBadge } from '../ui/state';
import { Icon } from '../ui/icon';

/** How long typing must rest before the control plane is asked, in milliseconds. */
const REST_MS = 150;

/** Whether a key press belongs to a text the operator writes. */
export const isTyping = (target: EventTarget | null): boolean => target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

/** Finds a machine by its name from any page; `/` puts the cursor into it. */
export function SearchBox({ left }: { left: boolean }) {
  const router = useRouter();
  const listId = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [asked, setAsked] = useState('');
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const { data } = useFound(asked);
  const found = asked ? (data?.items ?? []) : [];
  const shown = open && text.trim() !== '';

  useEffect(() => {
    const timer = setTimeout(() => setAsked(text.trim()), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);

  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      event.preventDefault();
      // A page with a search of its own (Machines) comes first.
      const own = document.querySelector<HTMLInputElement>('main input[type="search"]');
      (own ?? input.current)?.focus();
    };
    document.addEventListener('keydown', focus);
    return () => document.removeEventListener('keydown', focus);
  }, []);

  const leave = () => {
    setText('');
    setOpen(false);
    setActive(-1);
    input.current?.blur();
  };
  const go = () => {
    const machine = found[active];
    if (machine) router.push(`/machines/${machine.id}`);
    else if (text.trim()) router.push(machinesHref({ q: text.trim() }));
    leave();
  };
  const move = (by: number) => setActive((index) => (found.length ? (index + by + found.length + (index < 0 && by < 0 ? 1 : 0)) % found.length : -1));

  return (
    <div className={clsx('search', left && 'left')} role="search">
      <Icon name="search" small />
      <input
        ref={input}
        role="combobox"
        aria-label="Find a machine"
        aria-expanded={shown}
        aria-controls={listId}
        aria-activedescendant={active >= 0 ? `${listId}-${active}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        placeholder="Find a machine"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(-1);
          setOpen(true);
        }}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') leave();
          else if (event.key === 'Enter') go();
          else if (event.key === 'ArrowDown') move(1);
          else if (event.key === 'ArrowUp') move(-1);
          else return;
          event.preventDefault();
        }}
      />
      <span className="kbd" aria-hidden="true">/</span>
      {shown && (
        <ul className="found" id={listId} role="listbox" aria-label="Machines found">
          {found.map((machine, index) => (
            <li
              key={machine.id}
              id={`${listId}-${index}`}
              role="option"
              aria-selected={index === active}
              // Before the input loses focus and the list with it.
              onPointerDown={(event) => {
                event.preventDefault();
                router.push(`/machines/${machine.id}`);
                leave();
              }}
            >
              <span className="ell grow">{machine.name}</span>
              <StateBadge state={machine.state} />
            </li>
          ))}
          {asked === text.trim() && data && found.length === 0 && <li role="presentation" className="none subtle">No machine’s name holds “{asked}”</li>}
        </ul>
      )}
    </div>
  );
}
