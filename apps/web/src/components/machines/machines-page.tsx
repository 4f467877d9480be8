'use client';

import Link from 'next/link';
import { useSearchParams } from 'next/navigation';
import { type MouseEvent, useCallback, useMemo, useState } from 'react';
import { useSetSearch } from '../../data/address';
import { useNow } from '../../data/clock';
import { useLive } from '../../data/live';
import { useMachines } from '../../data/queries';
import { formatCount, formatTime, plural } from '../../lib/format';
import { currentView, type MachineQuery, machineSearch, machinesHref, parseMachineQuery, viewCount, VIEWS } from '../../lib/machine-query';
import { SMALL_FLEET } from '../../lib/states';
import { Button, ButtonLink } from '../ui/button';
import { Failure } from '../ui/failure';
import { Icon } from '../ui/icon';
import { FilterBar } from './filter-bar';
import { MachinesTable, MachinesTableSkeleton } from './machines-table';

/** Every machine of the fleet, filtered and ordered by the control plane; the address holds the view. */
export function MachinesPage() {
  const setSearch = useSetSearch();
  const parameters = useSearchParams();
  const query = useMemo(() => parseMachineQuery(new URLSearchParams(parameters)), [parameters]);
  const [frozen, setFrozen] = useState(false);
  const { status } = useLive();
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage, isPlaceholderData, dataUpdatedAt } = useMachines(query, frozen);
  const setQuery = useCallback((next: MachineQuery) => setSearch(machineSearch(next)), [setSearch]);

  const items = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const first = data?.pages[0];
  const fleet = first ? viewCount({ name: '', states: [] }, first.byState) : null;
  const filtered = query.q !== '' || query.states.length > 0;
  const small = fleet !== null && fleet < SMALL_FLEET && !filtered;
  const view = currentView(query);
  // A plain click changes the view in place; one with a modifier opens the link as links do.
  const open = (states: MachineQuery['states']) => (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    setSearch(machineSearch({ ...query, q: '', states }), true);
  };

  return (
    <main className={status === 'offline' ? 'stale' : undefined} id="main">
      <div className="content pb-1.5!">
        <div className="page-head mb-0!">
          <div><h1>Machines</h1></div>
          <div className="acts only-desk"><ButtonLink href="/join"><Icon name="plus" />Join a machine</ButtonLink></div>
        </div>
      </div>
      {!small && (
        <>
          <nav className="views" aria-label="Views">
            {VIEWS.map((entry) => (
              <Link key={entry.name} href={machinesHref({ states: entry.states, sort: query.sort, order: query.order })} aria-current={entry === view ? 'page' : undefined} onClick={open(entry.states)}>
                {entry.name}
                {first && <span className="n">{formatCount(viewCount(entry, first.byState))}</span>}
              </Link>
            ))}
          </nav>
          <FilterBar query={query} byState={first?.byState ?? {}} onChange={setQuery} />
        </>
      )}
      <div className={small ? 'flush mt-2.5' : 'flush'}>
        {!data ? (
          error ? <Failure error={error} onRetry={() => void refetch()} what="The machines" /> : <MachinesTableSkeleton />
        ) : items.length === 0 ? (
          <NoMachines filtered={filtered} onClear={() => setQuery({ ...query, q: '', states: [] })} />
        ) : (
          <MachinesTable
            machines={items}
            total={first?.total ?? items.length}
            query={query}
            settling={isPlaceholderData}
            onSort={(sort) => setQuery({ ...query, ...sort })}
            onFrozen={setFrozen}
            onMore={hasNextPage && !isFetchingNextPage ? () => void fetchNextPage() : undefined}
          />
        )}
      </div>
      {first && items.length > 0 && <Foot shown={items.length} total={first.total} small={small} frozen={frozen} orderedAt={dataUpdatedAt} />}
    </main>
  );
}

function NoMachines({ filtered, onClear }: { filtered: boolean; onClear: () => void }) {
  return (
    <div className="nothing">
      {filtered ? (
        <><p>No machine matches this filter.</p><Button onClick={onClear}>Clear the filter</Button></>
      ) : (
        <><p>No machine has joined yet.</p><ButtonLink look="solid" href="/join"><Icon name="plus" />Join a machine</ButtonLink></>
      )}
    </div>
  );
}

function Foot({ shown, total, small, frozen, orderedAt }: { shown: number; total: number; small: boolean; frozen: boolean; orderedAt: number }) {
  const now = useNow();
  return (
    <div className="tfoot">
      <span>{small ? plural(total, 'machine') : shown < total ? `${formatCount(shown)} of ${plural(total, 'machine')} read, scroll for more` : plural(total, 'machine')}.</span>
      {small ? <span>Filters and views appear from {SMALL_FLEET} machines.</span> : <span className="only-desk">{frozen && now > 0 ? `Order as of ${formatTime(orderedAt, true)} while you point at the table.` : 'Rows keep their place while values update.'}</span>}
    </div>
  );
}
