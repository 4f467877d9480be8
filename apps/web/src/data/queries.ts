'use client';

import type { Range } from '@provefleet/fleet-protocol';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { MachineQuery } from '../lib/machine-query';
import { api } from './api';
import { keys } from './keys';
import { useRefresh } from './live';


/** Machines read at once; the table asks for more as it scrolls. */
const MACHINES_PER_PAGE = 100;

export const useOverview = (range: Range) =>
  useQuery({ queryKey: keys.overview(range), queryFn: ({ signal }) => api.overview(range, signal), refetchInterval: useRefresh(range === '7d' || range === '24h' ? 15_000 : 5_000), placeholderData: keepPreviousData });

export const useMachines = (query: MachineQuery, frozen: boolean) => {
  const refresh = useRefresh(20_000, 5_000);
  return useInfiniteQuery({
    queryKey: keys.machines(query),
    queryFn: ({ pageParam, signal }) =>
      api.machines({ q: query.q || undefined, state: query.states.join(',') || undefined, sort: query.sort, order: query.order, cursor: pageParam, limit: MACHINES_PER_PAGE }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    // Reading anew may move rows, so it waits while somebody points at one; many pages are read less often.
    refetchInterval: ({ state }) => (frozen ? false : refresh * Math.max(1, state.data?.pages.length ?? 1)),
    placeholderData: keepPreviousData,
  });
};

/** A few machines whose name holds the text, for the search box. */
export const useFound = (q: string) =>
  useQuery({ queryKey: keys.found(q), queryFn: ({ signal }) => api.machines({ q, sort: 'name', order: 'asc', limit: 8 }, signal), enabled: q.length > 0, staleTime: 5_000, placeholderData: keepPreviousData });

/** The newest machines, for the page on which they arrive. */
export const useNewest = () => {
  const refetchInterval = useRefresh(4_000, 4_000);
  return useQuery({ queryKey: keys.newest, queryFn: ({ signal }) => api.machines({ sort: 'state', order: 'asc', limit: 500 }, signal), refetchInterval });
};

export const useMachine = (id: string) => useQuery({ queryKey: keys.machine(id), queryFn: ({ signal }) => api.machine(id, signal), refetchInterval: useRefresh(30_000) });

export const useSeries = (id: string, range: Range) =>
  useQuery({ queryKey: keys.series(id, range), queryFn: ({ signal }) => api.series(id, range, signal), refetchInterval: useRefresh(range === '15m' || range === '1h' ? 3_000 : 15_000), placeholderData: keepPreviousData });

const newestFirst = { initialPageParam: undefined as string | undefined, getNextPageParam: (page: { nextCursor: string | null }) => page.nextCursor ?? undefined };

export const useProofs = (id: string) =>
  useInfiniteQuery({ queryKey: keys.proofs(id), queryFn: ({ pageParam, signal }) => api.proofs(id, pageParam, signal), refetchInterval: useRefresh(60_000), ...newestFirst });

export const useMachineEvents = (id: string) =>
  useInfiniteQuery({ queryKey: keys.machineEvents(id), queryFn: ({ pageParam, signal }) => api.machineEvents(id, pageParam, signal), refetchInterval: useRefresh(60_000), ...newestFirst });

export const useEvents = (routine: boolean) =>
  useInfiniteQuery({ queryKey: keys.events(routine), queryFn: ({ pageParam, signal }) => api.events(routine, pageParam, signal), refetchInterval: useRefresh(60_000), ...newestFirst });

export const useJoinTokens = (enabled: boolean) => useQuery({ queryKey: keys.joinTokens, queryFn: ({ signal }) => api.joinTokens(signal), refetchInterval: useRefresh(5_000), enabled });
