import { MACHINE_SORTS, MACHINE_STATES, type MachineState } from '@provefleet/fleet-protocol';
import { PROBLEM_STATES } from './states';

export type MachineSort = (typeof MACHINE_SORTS)[number];

/** What the Machines page shows: filter and order. It lives in the address, so that a view can be shared. */
export interface MachineQuery {
  readonly q: string;
  /** Empty: every state. In the protocol's order, without repeats. */
  readonly states: readonly MachineState[];
  readonly sort: MachineSort;
  readonly order: 'asc' | 'desc';
}

export const ALL_MACHINES: MachineQuery = { q: '', states: [], sort: 'state', order: 'asc' };

const inOrder = (states: readonly string[]): MachineState[] => MACHINE_STATES.filter((state) => states.includes(state));

/** Reads the address. What it does not know is dropped, so that an old or mistyped link still opens. */
export function parseMachineQuery(parameters: URLSearchParams): MachineQuery {
  const sort = MACHINE_SORTS.find((known) => known === parameters.get('sort'));
  return {
    q: (parameters.get('q') ?? '').trim().slice(0, 100),
    states: inOrder((parameters.get('state') ?? '').split(',')),
    sort: sort ?? ALL_MACHINES.sort,
    order: parameters.get('order') === 'desc' ? 'desc' : 'asc',
  };
}

/** The address' query for a view; what is at its default is left out, so "all machines" is empty. */
export function machineSearch(query: MachineQuery): string {
  const parameters = new URLSearchParams();
  if (query.q) parameters.set('q', query.q);
  if (query.states.length) parameters.set('state', query.states.join(','));
  if (query.sort !== ALL_MACHINES.sort) parameters.set('sort', query.sort);
  if (query.order !== ALL_MACHINES.order) parameters.set('order', query.order);
  // A comma needs no escaping in a query, and the address stays readable without it.
  const text = parameters.toString().replaceAll('%2C', ',');
  return text ? `?${text}` : '';
}

export const machinesHref = (query: Partial<MachineQuery>): string => `/machines${machineSearch({ ...ALL_MACHINES, ...query })}`;

/** The next order after a click on a column's head: first its natural direction, then the other one. */
export function nextSort(query: MachineQuery, sort: MachineSort): Pick<MachineQuery, 'sort' | 'order'> {
  const natural = sort === 'name' || sort === 'state' ? 'asc' : 'desc';
  if (query.sort !== sort) return { sort, order: natural };
  return { sort, order: query.order === 'asc' ? 'desc' : 'asc' };
}

export interface SavedView {
  readonly name: string;
  readonly states: readonly MachineState[];
}

/** Views that every fleet has. */
export const VIEWS: readonly SavedView[] = [
  { name: 'All', states: [] },
  { name: 'Needs attention', states: inOrder(PROBLEM_STATES) },
  { name: 'Not proving', states: MACHINE_STATES.filter((state) => state !== 'proving') },
  { name: 'Pending approval', states: ['pending'] },
];

/** How many machines of the fleet a view holds. */
export function viewCount(view: SavedView, byState: Partial<Record<MachineState, number>>): number {
  const states = view.states.length ? view.states : MACHINE_STATES;
  return states.reduce((sum, state) => sum + (byState[state] ?? 0), 0);
}

/** The view a query shows, whatever its order; null when it is none of them. */
export const currentView = (query: MachineQuery): SavedView | null =>
  query.q ? null : (VIEWS.find((view) => view.states.join() === query.states.join()) ?? null);
