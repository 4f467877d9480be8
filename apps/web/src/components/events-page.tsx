'use client';

import { useSearchParams } from 'next/navigation';
import { useSetSearch } from '../data/address';
import { useLive } from '../data/live';
import { useEvents } from '../data/queries';
import { plural } from '../lib/format';
import { EventList } from './event-list';
import { Button } from './ui/button';
import { Skeleton } from './ui/card';
import { Failure } from './ui/failure';
import { Segmented } from './ui/segmented';

const SHOWN = [['notable', 'Notable'], ['all', 'All']] as const;

/** What happened in the fleet, newest first; new events appear on top. */
export function EventsPage() {
  const setSearch = useSetSearch();
  const all = useSearchParams().get('show') === 'all';
  const { status } = useLive();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useEvents(all);
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <main className={status === 'offline' ? 'content stale' : 'content'} id="main">
      <div className="page-head">
        <div><h1>Events</h1><p className="sub">{all ? 'Every event, also tasks fetched and proofs accepted. Times are UTC.' : 'Changes of state and configuration, workers, refused and expired proofs. Times are UTC.'}</p></div>
        <div className="acts"><Segmented label="Events shown" value={all ? 'all' : 'notable'} options={SHOWN} onChange={(shown) => setSearch(shown === 'all' ? '?show=all' : '')} /></div>
      </div>
      <section className="card py-2" aria-label="Events">
        {!data ? (error ? <Failure error={error} onRetry={() => void refetch()} what="Events" /> : <div className="px-4 py-2"><Skeleton className="h-60" /></div>) : items.length === 0 ? (
          <p className="subtle px-4 py-3">Nothing has happened yet.</p>
        ) : (
          <EventList items={items} named seconds />
        )}
      </section>
      {data && items.length > 0 && (
        <div className="tfoot px-1!">
          <span>{plural(items.length, 'event')} shown.</span>
          {hasNextPage && <Button size="small" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>Show older</Button>}
        </div>
      )}
    </main>
  );
}
