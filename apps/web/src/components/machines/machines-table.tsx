'use client';

import type { MachineSummary } from '@provefleet/fleet-protocol';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import clsx from 'clsx';
import Link from 'next/link';
import { type CSSProperties, type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useNow } from '../../data/clock';
import { workersCell } from '../../lib/desired';
import { formatAgo, formatDuration, formatMoment, formatRate, formatShare, UNKNOWN } from '../../lib/format';
import { type MachineQuery, type MachineSort, nextSort } from '../../lib/machine-query';
import { largest } from '../../lib/series';
import { Spark } from '../charts/spark';
import { Skeleton } from '../ui/card';
import { Icon } from '../ui/icon';
import { StateBadge } from '../ui/state';
import { isPoor, LOW_MEMORY, memoryShare, sparkTone } from './row-looks';

const COLUMNS: readonly { head: string; width: string; sort?: MachineSort; number?: boolean }[] = [
  { head: 'State, last change', width: '20%', sort: 'state' },
  { head: 'Machine', width: '16%', sort: 'name' },
  { head: 'Workers, now → desired', width: '14%', sort: 'workers' },
  { head: 'Proofs/min, 1 h', width: '13%', sort: 'proofsPerMinute', number: true },
  { head: 'p50, p95, 1 h', width: '9%', sort: 'provingMsP50', number: true },
  { head: 'Success, 24 h', width: '8%', number: true },
  { head: 'Memory', width: '9%' },
  { head: 'Version', width: '6%' },
  { head: 'Last seen', width: '8%', sort: 'lastSeenAt', number: true },
];

/** Rows beyond the window that are drawn ahead. */
const OVERSCAN = 10;
const ROW_HEIGHT = 44;
const PHONE_ROW_HEIGHT = 92;
/** Asks for more when fewer than this many rows remain below. */
const AHEAD = 20;

interface Props {
  machines: readonly MachineSummary[];
  total: number;
  query: MachineQuery;
  /** The rows are still those of the filter before. */
  settling: boolean;
  onSort: (sort: Pick<MachineQuery, 'sort' | 'order'>) => void;
  onFrozen: (frozen: boolean) => void;
  /** Reads the next rows; absent when there are none or they are being read. */
  onMore?: () => void;
}

/** Machines as rows; only those in sight exist. Arrow keys move between them, Enter opens one. */
export function MachinesTable({ machines, total, query, settling, onSort, onFrozen, onMore }: Props) {
  const body = useRef<HTMLTableSectionElement>(null);
  const table = useRef<HTMLTableElement>(null);
  const [top, setTop] = useState(0);
  const [phone, setPhone] = useState(false);
  const now = useNow();

  useLayoutEffect(() => {
    const media = window.matchMedia('(max-width: 720px)');
    const measure = () => {
      setPhone(media.matches);
      if (body.current) setTop(body.current.getBoundingClientRect().top + window.scrollY);
    };
    measure();
    media.addEventListener('change', measure);
    window.addEventListener('resize', measure);
    return () => {
      media.removeEventListener('change', measure);
      window.removeEventListener('resize', measure);
    };
  }, []);

  const virtual = useWindowVirtualizer({
    count: machines.length,
    estimateSize: () => (phone ? PHONE_ROW_HEIGHT : ROW_HEIGHT),
    overscan: OVERSCAN,
    scrollMargin: top,
    getItemKey: (index) => machines[index]?.id ?? index,
  });
  useEffect(() => virtual.measure(), [phone, virtual]);
  const rows = virtual.getVirtualItems();
  const lastIndex = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (lastIndex >= machines.length - AHEAD) onMore?.();
  }, [lastIndex, machines.length, onMore]);

  const max = largest(machines.map((machine) => machine.spark));
  const before = (rows[0]?.start ?? top) - top;
  const after = virtual.getTotalSize() - ((rows.at(-1)?.end ?? top) - top);

  const move = (event: KeyboardEvent<HTMLTableSectionElement>) => {
    const current = (event.target as HTMLElement).closest('tr')?.dataset.index;
    if (current === undefined) return;
    const index = Number(current);
    const target = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: machines.length - 1 }[event.key];
    if (target === undefined || target < 0 || target >= machines.length) return;
    event.preventDefault();
    const focus = () => {
      const link = body.current?.querySelector<HTMLElement>(`tr[data-index="${target}"] a`);
      link?.focus({ preventScroll: true });
      return link;
    };
    const drawn = focus();
    virtual.scrollToIndex(target, { align: 'auto' });
    // A row far away is drawn by the scrolling only.
    if (!drawn) requestAnimationFrame(() => requestAnimationFrame(focus));
  };

  return (
    <table
      ref={table}
      className="tbl list machines"
      aria-label="Machines"
      aria-rowcount={total + 1}
      aria-busy={settling}
      onPointerEnter={(event) => event.pointerType === 'mouse' && onFrozen(true)}
      onPointerLeave={() => onFrozen(false)}
      onFocus={() => onFrozen(true)}
      onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && onFrozen(false)}
    >
      <Head query={query} onSort={onSort} />
      <tbody ref={body} onKeyDown={move}>
        {before > 0 && <tr className="space" aria-hidden="true"><td colSpan={COLUMNS.length} style={{ height: before }} /></tr>}
        {rows.map(({ index, key }) => {
          const machine = machines[index];
          return machine && <Row key={key} ref={virtual.measureElement} machine={machine} index={index} max={max} now={now} />;
        })}
        {after > 0 && <tr className="space" aria-hidden="true"><td colSpan={COLUMNS.length} style={{ height: after }} /></tr>}
      </tbody>
    </table>
  );
}

const Columns = () => <colgroup>{COLUMNS.map(({ head, width }) => <col key={head} style={{ width }} />)}</colgroup>;

function Head({ query, onSort }: Pick<Props, 'query' | 'onSort'>) {
  return (
    <>
      <Columns />
      <thead>
        <tr aria-rowindex={1}>
          {COLUMNS.map(({ head, sort, number }) => {
            const sorted = sort !== undefined && sort === query.sort;
            const descending = query.order === 'desc';
            return (
              <th key={head} scope="col" className={clsx(number && 'num', sorted && 'sorted')} aria-sort={sorted ? (descending ? 'descending' : 'ascending') : undefined}>
                {sort === undefined ? head : (
                  <button type="button" onClick={() => onSort(nextSort(query, sort))}>
                    {head}
                    {sorted && <Icon name={descending ? 'down' : 'up'} />}
                  </button>
                )}
              </th>
            );
          })}
        </tr>
      </thead>
    </>
  );
}

function Row({ machine, index, max, now, ref }: { machine: MachineSummary; index: number; max: number; now: number; ref: (element: Element | null) => void }) {
  const workers = workersCell(machine, now);
  const memory = memoryShare(machine);
  const low = memory !== null && memory >= LOW_MEMORY;
  const since = now > 0 ? formatMoment(machine.stateSince, now) : '';
  const silent = machine.state === 'offline' || machine.state === 'pending';
  return (
    <tr ref={ref} data-index={index} aria-rowindex={index + 2} data-machine={machine.name}>
      <td className="a-state">
        <span className="row2">
          <span className="l1"><StateBadge state={machine.state} /></span>
          <span className="l2">
            {machine.reason ? <>{machine.reason}<span className="only-phone">, since {since}</span><span className="only-desk"> · {since}</span></> : <>since {since}</>}
          </span>
        </span>
      </td>
      <td className="a-name">
        <Link className="l1 name" href={`/machines/${machine.id}`}>{machine.name}</Link>
        {machine.labels.length > 0 && <span className="l2">{machine.labels.map((label) => <span key={label} className="tag mr-1">{label}</span>)}</span>}
      </td>
      <td>
        <span className={clsx('l1', workers.tone === 'wait' && 'diff', workers.tone === 'quiet' && 'subtle')}>{workers.text}</span>
        {workers.note && <span className={clsx('l2', workers.tone === 'wait' && 't-wait')}>{workers.note}</span>}
      </td>
      <td className="a-rate">
        <span className="spk">
          <span className="only-desk"><Spark points={machine.spark} max={max} tone={sparkTone(machine.state)} /></span>
          <span className="min-w-7 text-right"><b className={clsx('font-[550]', silent && 'subtle')}>{silent ? UNKNOWN : formatRate(machine.proofsPerMinute)}</b><span className="only-phone subtle"> /min</span></span>
        </span>
      </td>
      <td className="num a-lat">
        {machine.provingMsP50 === null ? <span className="subtle">{UNKNOWN}</span> : (
          <>
            <span className="l1"><span className="only-phone subtle">p50 </span>{formatDuration(machine.provingMsP50)}</span>
            <span className="l2 only-desk">{formatDuration(machine.provingMsP95)}</span>
          </>
        )}
      </td>
      <td className={clsx('num', isPoor(machine.successRate) && 't-crit', machine.successRate === null && 'subtle')}>{formatShare(machine.successRate, 1)}</td>
      <td>
        {memory === null ? <span className="subtle">unknown</span> : (
          <span className="memc">
            <span className="meter meter-m" role="meter" aria-label="Memory" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(memory * 100)} style={{ '--c': `var(--color-${low ? 'warn-solid' : 'quiet-solid'})`, '--at': `${LOW_MEMORY * 100}%` } as CSSProperties}>
              <i style={{ width: `${memory * 100}%` }} />
            </span>
            <span className={clsx('num', low && 't-warn')}>{formatShare(memory)}</span>
          </span>
        )}
      </td>
      <td className={clsx(machine.state === 'blocked' && 't-block')}>{machine.agentVersion || UNKNOWN}</td>
      <td className="num muted">{now > 0 ? formatAgo(machine.lastSeenAt, now) : ''}</td>
    </tr>
  );
}

const SKELETON_ROWS = 8;
export const MachinesTableSkeleton = () => (
  <table className="tbl list machines" aria-busy="true" aria-label="Reading the machines">
    <Columns />
    <thead><tr>{COLUMNS.map(({ head, number }) => <th key={head} className={number ? 'num' : undefined}>{head}</th>)}</tr></thead>
    <tbody>
      {Array.from({ length: SKELETON_ROWS }, (_, row) => (
        <tr key={row}>
          <td className="a-state"><Skeleton className="h-4 w-30" /></td>
          <td className="a-name"><Skeleton className="h-4 w-26" /></td>
          {COLUMNS.slice(2).map(({ head }) => <td key={head}><Skeleton className="h-4 w-12 ml-auto" /></td>)}
        </tr>
      ))}
    </tbody>
  </table>
);
