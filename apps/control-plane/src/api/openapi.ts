import * as fleet from '@provefleet/fleet-protocol';
import { z } from 'zod';
import { AuthErrorCode } from '../auth/auth.error.js';
import { type ErrorCode, PROBLEMS } from './problems.js';
import { RequestErrorCode } from './request.error.js';
import type { RouteDefinition } from './route.js';
import { routes } from './routes.js';

/** Schemas that get a name of their own in the document; all others are written where they are used. */
const NAMED: Readonly<Record<string, z.ZodType>> = {
  Problem: fleet.problemSchema,
  Health: fleet.healthSchema,
  Session: fleet.sessionSchema,
  MachineFacts: fleet.machineFactsSchema,
  DesiredDocument: fleet.desiredDocumentSchema,
  ObservedConfiguration: fleet.observedConfigurationSchema,
  WorkerStatus: fleet.workerStatusSchema,
  Gauges: fleet.gaugesSchema,
  NodeStatus: fleet.nodeStatusSchema,
  FleetEvent: fleet.eventSchema,
  EventRecord: fleet.eventRecordSchema,
  EventPage: fleet.eventPageSchema,
  ProofRecord: fleet.proofRecordSchema,
  ProofPage: fleet.proofPageSchema,
  JoinToken: fleet.joinTokenSchema,
  JoinTokenList: fleet.joinTokenListSchema,
  CreatedJoinToken: fleet.createdJoinTokenSchema,
  Enrolled: fleet.enrolledSchema,
  MachineSummary: fleet.machineSummarySchema,
  MachineList: fleet.machineListSchema,
  MachineDetail: fleet.machineDetailSchema,
  MachineSeries: fleet.machineSeriesSchema,
  ProblemGroup: fleet.problemGroupSchema,
  Overview: fleet.overviewSchema,
};

const ref = (id: string) => `#/components/schemas/${id}`;
type Json = Record<string, unknown>;

/** Schemas in a body of ours carry no `$schema` or `$id`: the document states the dialect once. */
function bare({ $schema: _dialect, $id: _id, ...rest }: { $schema?: unknown; $id?: unknown }): Json {
  return rest;
}

/** Every error a route can answer: those that follow from its definition, and its own. */
export function errorsOf(route: RouteDefinition): ErrorCode[] {
  const codes: ErrorCode[] = [RequestErrorCode.internal];
  if (!route.unavailable) codes.push(RequestErrorCode.databaseUnavailable);
  if (route.params || route.query || route.body) codes.push(RequestErrorCode.invalid);
  if (route.body) codes.push(RequestErrorCode.tooLarge, RequestErrorCode.unsupportedMediaType);
  if (route.permission !== 'public' && route.permission !== 'machine') codes.push(AuthErrorCode.sessionRequired, AuthErrorCode.forbidden);
  if (checksOrigin(route)) codes.push(AuthErrorCode.originRefused);
  return [...new Set([...codes, ...(route.errors ?? [])])];
}

/** Whether a browser on another site could misuse the route with the operator's cookie. */
export const checksOrigin = (route: RouteDefinition): boolean => route.method !== 'get' && route.permission !== 'machine';

/** The OpenAPI 3.1 document of all routes, made from the zod schemas that check them. */
export function openApiDocument(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(NAMED)) registry.add(schema, { id });
  const named = z.toJSONSchema(registry, { uri: ref, io: 'output' }).schemas;
  const byId = new Map(Object.entries(NAMED).map(([id, schema]) => [schema, id]));
  const write = (schema: z.ZodType, io: 'input' | 'output'): Json => {
    const id = byId.get(schema);
    return id ? { $ref: ref(id) } : bare(z.toJSONSchema(schema, { io }));
  };

  const paths: Record<string, Json> = {};
  for (const [operationId, route] of Object.entries(routes) as [string, RouteDefinition][]) {
    const path = `/api/v1/${route.path.replace(/:(\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [route.method]: operation(operationId, route, write) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Provefleet control plane',
      version: '1',
      description:
        'Times are milliseconds since the epoch, durations milliseconds, sizes bytes, rates per minute. Errors are RFC 9457 problems with a stable `code`. ' +
        'Writes need an `Origin` header with an allowed origin.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(named).map(([id, schema]) => [id, bare(schema)])),
      securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: 'provefleet_session' } },
    },
  };
}

function operation(operationId: string, route: RouteDefinition, write: (schema: z.ZodType, io: 'input' | 'output') => Json): Json {
  const isOpen = route.permission === 'public' || route.permission === 'machine';
  return {
    operationId,
    tags: [route.tag],
    summary: route.summary,
    'x-permission': route.permission,
    security: isOpen ? [] : [{ session: [] }],
    parameters: [...parameters(route.params, 'path', write), ...parameters(route.query, 'query', write)],
    ...(route.body && { requestBody: { required: !route.body.safeParse({}).success, content: { 'application/json': { schema: write(route.body, 'input') } } } }),
    responses: {
      [route.status ?? 200]: route.response
        ? { description: 'Done.', content: { 'application/json': { schema: write(route.response, 'output') } } }
        : { description: 'Done.' },
      ...(route.unavailable && { 503: { description: PROBLEMS[RequestErrorCode.databaseUnavailable].title, content: { 'application/json': { schema: write(route.unavailable, 'output') } } } }),
      ...problemResponses(errorsOf(route)),
    },
  };
}

function parameters(schema: z.ZodType | undefined, where: 'path' | 'query', write: (schema: z.ZodType, io: 'input' | 'output') => Json): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = write(schema, 'input') as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, property]) => ({ name, in: where, required: where === 'path' || required.includes(name), schema: property }));
}

function problemResponses(codes: readonly ErrorCode[]): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) byStatus.set(PROBLEMS[code].status, [...(byStatus.get(PROBLEMS[code].status) ?? []), code]);
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      {
        description: list.map((code) => PROBLEMS[code].title).join(', or '),
        content: {
          'application/problem+json': { schema: { allOf: [{ $ref: ref('Problem') }, { type: 'object', properties: { code: { type: 'string', enum: list } } }] } },
        },
      },
    ]),
  );
}
