import {
  createdJoinTokenSchema, createJoinTokenBodySchema, enrolBodySchema, enrolledSchema, eventPageSchema, eventQuerySchema, healthSchema, joinTokenListSchema,
  loginBodySchema, machineDetailSchema, machineIdSchema, machineListQuerySchema, machineListSchema, machineSeriesSchema, overviewSchema, pageQuerySchema, proofPageSchema,
  rangeQuerySchema, reasonBodySchema, sessionSchema, setDesiredBodySchema,
} from '@provefleet/fleet-protocol';
import { z } from 'zod';
import { AuthErrorCode } from '../auth/auth.error.js';
import { DesiredStateErrorCode } from '../desired-state/desired-state.error.js';
import { EnrolmentErrorCode } from '../enrolment/enrolment.error.js';
import { MachineErrorCode } from '../machines/machines.error.js';
import { RequestErrorCode } from './request.error.js';
import type { RouteDefinition } from './route.js';

const machine = z.object({ id: machineIdSchema });
const joinToken = z.object({ id: z.uuid() });

/** Every HTTP route of the control plane. Keys are the operation ids. */
export const routes = {
  getHealth: {
    method: 'get', path: 'health', tag: 'Health', permission: 'public',
    summary: 'Whether the control plane and its database work. Answers 503 with the same body while the database is away.',
    response: healthSchema, unavailable: healthSchema,
  },
  login: {
    method: 'post', path: 'auth/login', tag: 'Sign in', permission: 'public', summary: 'Sign in. Sets the session cookie.',
    body: loginBodySchema, response: sessionSchema, errors: [AuthErrorCode.invalidCredentials, RequestErrorCode.tooMany],
  },
  logout: { method: 'post', path: 'auth/logout', tag: 'Sign in', permission: 'session', summary: 'Sign out. The session ends on the server and the cookie is cleared.', status: 204, response: null },
  getSession: { method: 'get', path: 'auth/session', tag: 'Sign in', permission: 'session', summary: 'Who is signed in.', response: sessionSchema },
  enrol: {
    method: 'post', path: 'enrol', tag: 'Join', permission: 'machine', summary: 'A machine joins the fleet with a join token. The same key joining again is the same machine.',
    body: enrolBodySchema, status: 201, response: enrolledSchema,
    errors: [EnrolmentErrorCode.signatureInvalid, EnrolmentErrorCode.tokenUnknown, EnrolmentErrorCode.tokenExpired, EnrolmentErrorCode.tokenRevoked, EnrolmentErrorCode.tokenUsedUp, RequestErrorCode.tooMany],
  },
  listJoinTokens: { method: 'get', path: 'join-tokens', tag: 'Join', permission: 'machines:admit', summary: 'Join tokens, newest first, without the tokens themselves.', response: joinTokenListSchema },
  createJoinToken: {
    method: 'post', path: 'join-tokens', tag: 'Join', permission: 'machines:admit', summary: 'Make a join token. The token is in this answer only; the control plane keeps its hash.',
    body: createJoinTokenBodySchema, status: 201, response: createdJoinTokenSchema,
  },
  revokeJoinToken: {
    method: 'delete', path: 'join-tokens/:id', tag: 'Join', permission: 'machines:admit', summary: 'Revoke a join token. Machines that joined with it stay.',
    params: joinToken, status: 204, response: null, errors: [EnrolmentErrorCode.tokenNotFound],
  },
  getOverview: { method: 'get', path: 'overview', tag: 'Overview', permission: 'fleet:read', summary: 'The fleet in one answer: rates, states, problems by cause, recent events.', query: rangeQuerySchema, response: overviewSchema },
  listMachines: { method: 'get', path: 'machines', tag: 'Machines', permission: 'fleet:read', summary: 'Machines, filtered, sorted and paged.', query: machineListQuerySchema, response: machineListSchema },
  getMachine: { method: 'get', path: 'machines/:id', tag: 'Machines', permission: 'fleet:read', summary: 'All that is known of one machine.', params: machine, response: machineDetailSchema, errors: [MachineErrorCode.notFound] },
  getMachineSeries: {
    method: 'get', path: 'machines/:id/series', tag: 'Machines', permission: 'fleet:read', summary: 'Charts of one machine in equal steps.',
    params: machine, query: rangeQuerySchema, response: machineSeriesSchema, errors: [MachineErrorCode.notFound],
  },
  listMachineProofs: {
    method: 'get', path: 'machines/:id/proofs', tag: 'Machines', permission: 'fleet:read', summary: "One machine's settled tasks, newest first.",
    params: machine, query: pageQuerySchema, response: proofPageSchema, errors: [MachineErrorCode.notFound],
  },
  listMachineEvents: {
    method: 'get', path: 'machines/:id/events', tag: 'Events', permission: 'fleet:read', summary: "One machine's events, newest first.",
    params: machine, query: eventQuerySchema, response: eventPageSchema, errors: [MachineErrorCode.notFound],
  },
  listEvents: { method: 'get', path: 'events', tag: 'Events', permission: 'fleet:read', summary: "The fleet's events, newest first.", query: eventQuerySchema, response: eventPageSchema },
  setDesired: {
    method: 'put', path: 'machines/:id/desired', tag: 'Machines', permission: 'machines:write', summary: 'Change what a machine should do. Fields left out keep their value.',
    params: machine, body: setDesiredBodySchema, response: machineDetailSchema, errors: [MachineErrorCode.notFound, MachineErrorCode.revoked, DesiredStateErrorCode.revisionConflict],
  },
  approveMachine: {
    method: 'post', path: 'machines/:id/approve', tag: 'Machines', permission: 'machines:admit', summary: 'Let a machine that waits for approval fetch tasks.',
    params: machine, body: reasonBodySchema, response: machineDetailSchema, errors: [MachineErrorCode.notFound, MachineErrorCode.revoked],
  },
  revokeMachine: {
    method: 'post', path: 'machines/:id/revoke', tag: 'Machines', permission: 'machines:admit', summary: 'Take a machine out of the fleet. Its connection closes at once; it must join again to come back.',
    params: machine, body: reasonBodySchema, response: machineDetailSchema, errors: [MachineErrorCode.notFound],
  },
  getOpenApi: { method: 'get', path: 'openapi.json', tag: 'Health', permission: 'public', summary: 'This description.', response: z.record(z.string(), z.unknown()) },
} as const satisfies Record<string, RouteDefinition>;

export type Routes = typeof routes;
