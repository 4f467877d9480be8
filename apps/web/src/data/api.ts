import {
  createdJoinTokenSchema, eventPageSchema, healthSchema, joinTokenListSchema, machineDetailSchema, machineListSchema, machineSeriesSchema, overviewSchema, type Problem, problemSchema, proofPageSchema, type Range, sessionSchema,
} from '@provefleet/fleet-protocol';
import createClient, { type FetchResponse } from 'openapi-fetch';
import type { components, paths } from '../generated/api';

// The control plane's REST interface as the pages use it. Paths and bodies are checked against its OpenAPI description
// at build, answers against the protocol's schemas when they arrive.

/** The control plane answered, and the answer is no. `problem.detail` is written for the operator. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
  get status(): number {
    return this.problem.status;
  }
}

/** The control plane did not answer, or something else answered in its place. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** The answer is not what this version of the dashboard knows: one of the two is older. */
export class UnknownAnswerError extends Error {
  override readonly name = 'UnknownAnswerError';
}

/** How long one request may take, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Rows read at once on a machine's page. */
export const PROOFS_PER_PAGE = 25;
export const MACHINE_EVENTS_PER_PAGE = 20;
/** The web server's own problem, when it cannot reach the control plane. */
const GATEWAY_CODE = 'control-plane-unreachable';

const client = createClient<paths>({
  baseUrl: typeof window === 'undefined' ? 'http://localhost' : window.location.origin,
  credentials: 'same-origin',
  // Looked up at each call: tests and the browser's own tools may replace it.
  fetch: (request) => globalThis.fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]) }),
});

interface Parser<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: { issues: readonly { path: PropertyKey[]; message: string }[] } };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the bounds of openapi-fetch's own type
type Answer = Pick<FetchResponse<Record<string, any>, object, any>, 'response'> & { data?: unknown; error?: unknown };

async function settle(call: Promise<Answer>): Promise<unknown> {
  let answer: Answer;
  try {
    answer = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new UnreachableError('The control plane does not answer.', { cause });
  }
  const { response, data, error } = answer;
  if (response.ok) return data;
  const problem = problemSchema.safeParse(error);
  if (problem.success && problem.data.code !== GATEWAY_CODE) throw new ApiError(problem.data);
  throw new UnreachableError(problem.success ? problem.data.detail : `Something answered ${response.status} in the control plane's place.`);
}

async function read<T>(call: Promise<Answer>, schema: Parser<T>): Promise<T> {
  const parsed = schema.safeParse(await settle(call));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UnknownAnswerError(`The control plane's answer is not one this dashboard knows (${issue?.path.map(String).join('.') || 'body'}: ${issue?.message}). One of the two is older: reload the page.`);
}

type Body<Name extends 'setDesired' | 'createJoinToken'> = NonNullable<
  Name extends 'setDesired'
    ? paths['/api/v1/machines/{id}/desired']['put']['requestBody']
    : paths['/api/v1/join-tokens']['post']['requestBody']
>['content']['application/json'];
export type SetDesired = Body<'setDesired'>;
export type CreateJoinToken = Body<'createJoinToken'>;
export type JoinToken = components['schemas']['JoinToken'];
export type CreatedJoinToken = components['schemas']['CreatedJoinToken'];
export type Health = components['schemas']['Health'];
export type Session = components['schemas']['Session'];

type MachineListQuery = NonNullable<paths['/api/v1/machines']['get']['parameters']['query']>;

/** Health is the one answer that is useful with an error status: 503 says that the database is down. */
async function health(signal?: AbortSignal): Promise<Health> {
  const call = client.GET('/api/v1/health', { signal }).then(({ response, data, error }) => {
    const degraded = response.status === 503 && healthSchema.safeParse(error).success;
    return degraded ? { response: new Response(null), data: error } : { response, data, error };
  });
  return read(call, healthSchema);
}

export const api = {
  health,
  login: (user: string, password: string) => read(client.POST('/api/v1/auth/login', { body: { user, password } }), sessionSchema),
  logout: () => settle(client.POST('/api/v1/auth/logout')),
  session: (signal?: AbortSignal) => read(client.GET('/api/v1/auth/session', { signal }), sessionSchema),
  overview: (range: Range, signal?: AbortSignal) => read(client.GET('/api/v1/overview', { params: { query: { range } }, signal }), overviewSchema),
  machines: (query: MachineListQuery, signal?: AbortSignal) => read(client.GET('/api/v1/machines', { params: { query }, signal }), machineListSchema),
  machine: (id: string, signal?: AbortSignal) => read(client.GET('/api/v1/machines/{id}', { params: { path: { id } }, signal }), machineDetailSchema),
  series: (id: string, range: Range, signal?: AbortSignal) => read(client.GET('/api/v1/machines/{id}/series', { params: { path: { id }, query: { range } }, signal }), machineSeriesSchema),
  proofs: (id: string, cursor?: string, signal?: AbortSignal) => read(client.GET('/api/v1/machines/{id}/proofs', { params: { path: { id }, query: { cursor, limit: PROOFS_PER_PAGE } }, signal }), proofPageSchema),
  machineEvents: (id: string, cursor?: string, signal?: AbortSignal) => read(client.GET('/api/v1/machines/{id}/events', { params: { path: { id }, query: { cursor, limit: MACHINE_EVENTS_PER_PAGE } }, signal }), eventPageSchema),
  events: (routine: boolean, cursor?: string, signal?: AbortSignal) => read(client.GET('/api/v1/events', { params: { query: { cursor, limit: 100, routine: routine ? 'true' : 'false' } }, signal }), eventPageSchema),
  setDesired: (id: string, body: SetDesired) => read(client.PUT('/api/v1/machines/{id}/desired', { params: { path: { id } }, body }), machineDetailSchema),
  approve: (id: string) => read(client.POST('/api/v1/machines/{id}/approve', { params: { path: { id } }, body: { reason: '' } }), machineDetailSchema),
  revoke: (id: string, reason: string) => read(client.POST('/api/v1/machines/{id}/revoke', { params: { path: { id } }, body: { reason } }), machineDetailSchema),
  joinTokens: (signal?: AbortSignal) => read(client.GET('/api/v1/join-tokens', { signal }), joinTokenListSchema),
  createJoinToken: (body: CreateJoinToken) => read(client.POST('/api/v1/join-tokens', { body }), createdJoinTokenSchema),
  revokeJoinToken: (id: string) => settle(client.DELETE('/api/v1/join-tokens/{id}', { params: { path: { id } } })),
};

/** What to tell the operator about a request that went wrong. */
export const errorText = (error: unknown): string =>
  error instanceof ApiError && error.problem.field ? `${error.problem.field}: ${error.message}` : error instanceof Error ? error.message : String(error);
