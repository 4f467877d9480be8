'use client';

import type { EventRecord, LiveFrame, MachineDetail, Overview } from '@provefleet/fleet-protocol';
import { type InfiniteData, type QueryClient, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useReducer, useRef } from 'react';
import { type Connection, type ConnectionEvent, firstConnection, nextConnection } from '../lib/connection';
import { isRoutine } from '../lib/event-text';
import { mergeDetail, mergeSummaries, prependEvents, prependProofs, proofsOf, withFirstItems } from '../lib/live-merge';
import { api, UnreachableError } from './api';
import { serverNow, setServerTime } from './clock';
import { LiveSocket } from './live-socket';
import { type EventPage, keys, type MachineList, type ProofPage } from './keys';

interface Live extends Connection {
  /** False while the control plane is out of reach: buttons that change something are off. */
  readonly canChange: boolean;
  tryNow(): void;
  watch(machineId: string | null): void;
}

const LiveContext = createContext<Live | null>(null);

/** How often the control plane is asked over HTTP while the socket is down, in milliseconds. */
const PROBE_MS = 2_000;
/** How long one such question waits for its answer, in milliseconds. */
const PROBE_TIMEOUT_MS = 4_000;
/** The socket has this long before the first question over HTTP: mostly it is there sooner. */
const FIRST_PROBE_MS = 1_000;
/** However often the server says that something was left out, everything is read anew this often at most, in milliseconds. */
const RESYNC_MS = 5_000;
/** Lists that grew beyond this by live frames are read anew, so that a page left open for days stays small. */
const MOST_LIVE_ITEMS = 400;

/** Holds the live connection of all pages, and writes what it brings into the queries' data. */
export function LiveProvider({ reachable, onSignedOut, children }: { reachable: boolean; onSignedOut: () => void; children: ReactNode }) {
  const queries = useQueryClient();
  const [connection, dispatch] = useReducer(
    (state: Connection, event: ConnectionEvent) => nextConnection(state, event, serverNow()),
    reachable,
    (value) => firstConnection(serverNow(), value),
  );
  const socket = useRef<LiveSocket | null>(null);
  const live = useRef(false);
  const signedOut = useRef(onSignedOut);
  signedOut.current = onSignedOut;

  useEffect(() => {
    let connectedBefore = false;
    let resync: ReturnType<typeof setTimeout> | undefined;
    const connecting = new LiveSocket({
      onReady: (serverTime) => {
        setServerTime(serverTime);
        dispatch({ type: 'ready' });
        // What happened while nobody listened is read over HTTP.
        if (connectedBefore) void queries.invalidateQueries();
        connectedBefore = true;
      },
      onFrame: (frame) => {
        dispatch({ type: 'heard' });
        if (frame.type !== 'resync') return applyFrame(queries, frame);
        resync ??= setTimeout(() => {
          resync = undefined;
          void queries.invalidateQueries();
        }, RESYNC_MS);
      },
      onLost: (retryAt) => {
        connectedBefore = true;
        dispatch({ type: 'lost', retryAt: retryAt - Date.now() + serverNow() });
      },
      onSignedOut: () => signedOut.current(),
    });
    socket.current = connecting;
    connecting.connect();
    const online = () => connecting.connect();
    window.addEventListener('online', online);
    return () => {
      window.removeEventListener('online', online);
      clearTimeout(resync);
      socket.current = null;
      connecting.stop();
    };
  }, [queries]);

  // A half-open socket says nothing: a request without an answer is the sign to look again.
  useEffect(
    () =>
      queries.getQueryCache().subscribe((event) => {
        if (event.type !== 'updated' || event.action.type !== 'error' || !(event.action.error instanceof UnreachableError)) return;
        if (!live.current) return;
        live.current = false;
        dispatch({ type: 'suspected' });
        socket.current?.connect();
      }),
    [queries],
  );

  const down = connection.status !== 'live';
  live.current = !down;
  useEffect(() => {
    if (!down) return;
    const abort = new AbortController();
    const probe = () =>
      api.health(AbortSignal.any([abort.signal, AbortSignal.timeout(PROBE_TIMEOUT_MS)])).then(
        (health) => {
          setServerTime(health.serverTime);
          dispatch({ type: 'probed' });
        },
        () => {
          if (!abort.signal.aborted) dispatch({ type: 'probe-failed' });
        },
      );
    const first = setTimeout(probe, FIRST_PROBE_MS);
    const timer = setInterval(probe, PROBE_MS);
    return () => {
      abort.abort();
      clearTimeout(first);
      clearInterval(timer);
    };
  }, [down]);

  // Back after an outage over HTTP first: no need to wait for the socket's own next try.
  const previous = useRef(connection.status);
  useEffect(() => {
    if (previous.current === 'offline' && connection.status === 'polling') {
      socket.current?.connect();
      void queries.invalidateQueries();
    }
    previous.current = connection.status;
  }, [connection.status, queries]);

  const tryNow = useCallback(() => {
    socket.current?.connect();
    void queries.invalidateQueries();
  }, [queries]);
  const watch = useCallback((machineId: string | null) => socket.current?.watch(machineId), []);

  const value = useMemo<Live>(() => ({ ...connection, canChange: connection.status !== 'offline', tryNow, watch }), [connection, tryNow, watch]);
  return <LiveContext value={value}>{children}</LiveContext>;
}

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error('useLive outside of LiveProvider');
  return live;
}

/** Asks for fresh details of one machine as long as the page is open. */
export function useWatch(machineId: string): void {
  const { watch, status } = useLive();
  useEffect(() => {
    watch(machineId);
    return () => watch(null);
  }, [machineId, watch, status]);
}

/** How often to read over HTTP, in milliseconds: rarely while changes are pushed, else at `polling`. */
export function useRefresh(live: number, polling = 5_000): number {
  const { status } = useLive();
  return status === 'live' ? live : polling;
}

function applyFrame(queries: QueryClient, frame: Exclude<LiveFrame, { type: 'ready' | 'resync' }>): void {
  switch (frame.type) {
    case 'machine':
      queries.setQueryData<MachineDetail>(keys.machine(frame.machine.id), frame.machine);
      return;
    case 'machines':
      applyMachines(queries, frame);
      for (const machine of frame.items) {
        queries.setQueryData<MachineDetail>(keys.machine(machine.id), (detail) => (detail && mergeDetail(detail, frame.items)) || detail);
      }
      return;
    case 'events':
      applyEvents(queries, frame.items);
  }
}

function applyMachines(queries: QueryClient, frame: Extract<LiveFrame, { type: 'machines' }>): void {
  const count = Object.values(frame.byState).reduce((sum, machines) => sum + machines, 0);
  const before = queries.getQueryData<Overview>(keys.overview('1h'))?.machines;
  queries.setQueriesData<Overview>({ queryKey: keys.overviews }, (overview) => overview && { ...overview, byState: frame.byState, machines: count });
  queries.setQueryData<MachineList>(keys.newest, (list) => list && { ...list, byState: frame.byState, items: [...mergeSummaries(list.items, frame.items)] });
  queries.setQueriesData<InfiniteData<MachineList>>({ queryKey: keys.machineLists }, (data) =>
    data && { ...data, pages: data.pages.map((page) => ({ ...page, byState: frame.byState, items: [...mergeSummaries(page.items, frame.items)] })) });
  // A machine joined or left: only the control plane knows its place in the order.
  if (before === undefined || before === count) return;
  void queries.invalidateQueries({ queryKey: keys.newest });
  void queries.invalidateQueries({ queryKey: keys.machineLists });
}

function applyEvents(queries: QueryClient, fresh: readonly EventRecord[]): void {
  const notable = fresh.filter((record) => !isRoutine(record.event));
  if (notable.length > 0) {
    queries.setQueriesData<Overview>({ queryKey: keys.overviews }, (overview) => overview && { ...overview, events: [...prependEvents(overview.events, notable, 20)] });
  }
  const grow = <P extends { items: T[] }, T>(queryKey: readonly unknown[], change: (items: readonly T[]) => readonly T[]) => {
    const data = queries.getQueryData<InfiniteData<P>>(queryKey);
    const pages = data && withFirstItems<T, P>(data.pages, change);
    if (!data || !pages) return;
    queries.setQueryData<InfiniteData<P>>(queryKey, { ...data, pages });
    if ((pages[0]?.items.length ?? 0) > MOST_LIVE_ITEMS) void queries.invalidateQueries({ queryKey });
  };
  grow<EventPage, EventRecord>(keys.events(false), (items) => prependEvents(items, notable));
  grow<EventPage, EventRecord>(keys.events(true), (items) => prependEvents(items, fresh));
  for (const id of new Set(fresh.map((record) => record.machineId))) {
    grow<EventPage, EventRecord>(keys.machineEvents(id), (items) => prependEvents(items, notable.filter((record) => record.machineId === id)));
    grow(keys.proofs(id), (items: readonly ProofPage['items'][number][]) => prependProofs(items, proofsOf(fresh.filter((record) => record.machineId === id))));
  }
}
