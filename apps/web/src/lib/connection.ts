// Whether the page can be believed: what the live socket and the probes over HTTP say together.

/** `live`: pushed as it happens. `polling`: read every few seconds. `offline`: the control plane does not answer. */
export type ConnectionStatus = 'connecting' | 'live' | 'polling' | 'offline';

export interface Connection {
  readonly status: ConnectionStatus;
  /** When the status began, in server time. */
  readonly since: number;
  /** Probes over HTTP that failed in a row. */
  readonly failures: number;
  /** Newest moment at which the page is known to have been right. */
  readonly asOf: number;
  /** When the socket tries again; null while it stands. */
  readonly retryAt: number | null;
}

export type ConnectionEvent =
  | { readonly type: 'ready' }
  | { readonly type: 'heard' }
  /** A request went unanswered although the socket stands: it may be half open. */
  | { readonly type: 'suspected' }
  | { readonly type: 'lost'; readonly retryAt: number }
  | { readonly type: 'probed' }
  | { readonly type: 'probe-failed' };

/** A single failed probe may be a restart of two seconds; the second one in a row raises the banner. */
const FAILURES_TO_OFFLINE = 2;

export const firstConnection = (now: number, reachable: boolean): Connection =>
  reachable
    ? { status: 'connecting', since: now, failures: 0, asOf: now, retryAt: null }
    : { status: 'offline', since: now, failures: FAILURES_TO_OFFLINE, asOf: 0, retryAt: null };

/** What a status becomes by an event at `now`. Returns the same object when nothing changes. */
export function nextConnection(connection: Connection, event: ConnectionEvent, now: number): Connection {
  const to = (status: ConnectionStatus, rest: Partial<Connection>): Connection => ({
    ...connection,
    ...rest,
    status,
    // Offline counts from the last moment known to be right, not from the probe that noticed.
    since: status === connection.status ? connection.since : status === 'offline' && connection.asOf > 0 ? connection.asOf : now,
  });
  switch (event.type) {
    case 'ready':
      return to('live', { failures: 0, asOf: now, retryAt: null });
    case 'heard':
      return connection.status === 'live' && now - connection.asOf >= 1_000 ? { ...connection, asOf: now } : connection;
    case 'suspected':
      return connection.status === 'live' ? to('connecting', {}) : connection;
    case 'lost':
      return to(connection.status === 'live' ? 'connecting' : connection.status, { retryAt: event.retryAt, asOf: connection.status === 'live' ? now : connection.asOf });
    case 'probed':
      // The socket stands: a probe that comes back late says nothing new.
      return connection.status === 'live' ? connection : to('polling', { failures: 0, asOf: now });
    case 'probe-failed': {
      if (connection.status === 'live') return connection;
      const failures = connection.failures + 1;
      return to(failures >= FAILURES_TO_OFFLINE ? 'offline' : connection.status, { failures });
    }
  }
}
