import { applyDecorators, createParamDecorator, type ExecutionContext, HttpCode, RequestMapping, RequestMethod, SetMetadata } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { RequestError, RequestErrorCode } from './request.error.js';
import type { RouteDefinition } from './route.js';

/** Metadata key under which a handler keeps its {@link RouteDefinition}. */
export const ROUTE = Symbol('route');

const METHODS = { get: RequestMethod.GET, post: RequestMethod.POST, put: RequestMethod.PUT, delete: RequestMethod.DELETE } as const;

/** Makes a method the handler of a route. */
export const Route = (route: RouteDefinition): MethodDecorator =>
  applyDecorators(SetMetadata(ROUTE, route), RequestMapping({ path: route.path, method: METHODS[route.method] }), HttpCode(route.status ?? 200));

/** The route's checked parameters, query and body. */
export const Input = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const route = Reflect.getMetadata(ROUTE, context.getHandler()) as RouteDefinition;
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  return {
    params: check(route.params, request.params, 'params'),
    query: check(route.query, request.query, 'query'),
    body: check(route.body, request.body ?? {}, 'body'),
  };
});

/** @throws {RequestError} naming the first field at fault */
export function check(schema: z.ZodType | undefined, value: unknown, where: string): unknown {
  if (!schema) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = [where, ...(issue?.path ?? [])].join('.');
  throw new RequestError(RequestErrorCode.invalid, `${field}: ${issue?.message ?? 'is not valid'}`, field);
}
