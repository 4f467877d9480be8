import { useSyncExternalStore } from 'react';

// One clock for all figures that age ("2 s ago"): it follows the control plane's time, so that a browser with a wrong
// clock does not show machines as silent, and ticks once a second for all of them together.

let offset = 0;
let now = 0;
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tick(): void {
  now = Date.now() + offset;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Sets the clock by a time the control plane just told, in milliseconds. */
export function setServerTime(serverTime: number): void {
  const fresh = serverTime - Date.now();
  // Below a second it is the way here, not the clock.
  if (Math.abs(fresh - offset) < 1_000) return;
  offset = fresh;
  tick();
}

export const serverNow = (): number => Date.now() + offset;

/** The control plane's time, each second anew; 0 before the page runs in a browser. */
export const useNow = (): number =>
  useSyncExternalStore(
    subscribe,
    () => (now ||= serverNow()),
    () => 0,
  );
