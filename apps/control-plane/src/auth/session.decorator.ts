import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Session } from './auth.repository.js';

export type SessionRequest = FastifyRequest & { session?: Session };

/** The session the guard found. For routes whose permission needs one. */
export const CurrentSession = createParamDecorator((_data: unknown, context: ExecutionContext): Session => {
  const { session } = context.switchToHttp().getRequest<SessionRequest>();
  if (!session) throw new Error('a route without a session asked for it');
  return session;
});
