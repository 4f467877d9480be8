import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Inject } from '@nestjs/common';
import type { Problem } from '@provefleet/fleet-protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LOGGER, type Logger } from '../config/logger.js';
import { isDatabaseUnavailable } from '../database/database-errors.js';
import { FeatureError } from './feature-error.js';
import { type ErrorCode, PROBLEMS } from './problems.js';
import { RequestError, RequestErrorCode } from './request.error.js';

const RETRY_AFTER_SECONDS = 5;

/** Turns whatever was thrown into RFC 9457 problem+json. What we did not foresee is logged whole and answered without detail. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOGGER) private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const error = toFeatureError(thrown);
    const { status, title } = PROBLEMS[error.code];
    if (error.code === RequestErrorCode.internal) this.logger.error({ correlationId: request.id, error: thrown }, 'request failed');

    const problem: Problem = {
      type: `urn:provefleet:problem:${error.code}`,
      title,
      status,
      detail: error.message,
      code: error.code,
      correlationId: request.id,
      ...(error.field !== undefined && { field: error.field }),
    };
    const reply = http.getResponse<FastifyReply>();
    if (status === 503 || status === 429) void reply.header('retry-after', RETRY_AFTER_SECONDS);
    void reply.status(status).type('application/problem+json').send(JSON.stringify(problem));
  }
}

function toFeatureError(thrown: unknown): FeatureError<ErrorCode> {
  if (thrown instanceof FeatureError) return thrown;
  if (isDatabaseUnavailable(thrown)) return new RequestError(RequestErrorCode.databaseUnavailable, 'The database cannot be reached. Nothing was changed; try again in a moment.');
  const { status, message } = statusOf(thrown);
  if (status === 404) return new RequestError(RequestErrorCode.routeNotFound, message);
  if (status === 413) return new RequestError(RequestErrorCode.tooLarge, message);
  if (status === 415) return new RequestError(RequestErrorCode.unsupportedMediaType, 'Send JSON with content-type application/json.');
  if (status !== undefined && status < 500) return new RequestError(RequestErrorCode.invalid, message, 'body');
  return new RequestError(RequestErrorCode.internal, 'The control plane could not answer. The correlation id finds the cause in its log.');
}

/** Status of an error by Nest or Fastify: no such route, a body that cannot be read. */
function statusOf(thrown: unknown): { status?: number; message: string } {
  if (thrown instanceof HttpException) return { status: thrown.getStatus(), message: thrown.message };
  if (thrown instanceof Error && 'statusCode' in thrown && typeof thrown.statusCode === 'number') return { status: thrown.statusCode, message: thrown.message };
  return { message: '' };
}
