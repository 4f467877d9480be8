'use client';

import type { EventRecord } from '@provefleet/fleet-protocol';
import Link from 'next/link';
import { useNow } from '../data/clock';
import { eventText } from '../lib/event-text';
import { toneClass } from '../lib/states';
import { formatDay, formatTime } from '../lib/format';
import { Icon } from './ui/icon';

/** Events, newest first: when, what, which machine, and the detail below. */
export function EventList({ items, named, seconds }: { items: readonly EventRecord[]; named: boolean; seconds?: boolean }) {
  const now = useNow();
  return (
    <ul className="evs">
      {items.map(({ machineId, machineName, event }) => {
        const { icon, tone, text, detail } = eventText(event);
        const today = now === 0 || formatDay(event.at, now) === formatDay(now, now);
        return (
          <li className={seconds ? 'ev wide' : 'ev'} key={`${machineId}/${event.sequence}`}>
            <time dateTime={new Date(event.at).toISOString()}>{formatTime(event.at, seconds)}</time>
            <Icon name={icon} className={toneClass(tone)} />
            <span>
              {named && <><Link href={`/machines/${machineId}`}>{machineName}</Link> </>}
              {named ? text.charAt(0).toLowerCase() + text.slice(1) : text} {!today && <small>{formatDay(event.at, now)}</small>}
              {detail && <small className="block">{detail}</small>}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
