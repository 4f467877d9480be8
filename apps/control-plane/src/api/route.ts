import type { z } from 'zod';
import type { Permission } from '../auth/permissions.js';
import type { ErrorCode } from './problems.js';

/** One HTTP route: what it takes, who may call it, what it answers. The guard, the checks and OpenAPI all read this. */
export interface RouteDefinition {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** Below `/api/v1/`, with `:name` for parameters. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly permission: Permission;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Status of success; 200 unless told. */
  readonly status?: number;
  /** Null: success has no body. */
  readonly response: z.ZodType | null;
  /** Body of a 503, where it is not a problem. */
  readonly unavailable?: z.ZodType;
  /** Errors beyond those that follow from the rest of the definition (see `errorsOf`). */
  readonly errors?: readonly ErrorCode[];
}

/** Checked input of a route. */
export interface RouteInput<R extends RouteDefinition> {
  readonly params: R['params'] extends z.ZodType ? z.output<R['params']> : undefined;
  readonly query: R['query'] extends z.ZodType ? z.output<R['query']> : undefined;
  readonly body: R['body'] extends z.ZodType ? z.output<R['body']> : undefined;
}

export type RouteOutput<R extends RouteDefinition> = R['response'] extends z.ZodType ? z.output<R['response']> : void;
