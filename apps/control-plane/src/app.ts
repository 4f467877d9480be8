import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { fastifyCookie } from '@fastify/cookie';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { MAX_FRAME_BYTES } from '@provefleet/fleet-protocol';
import { AppModule } from './app.module.js';
import type { Clock } from './config/clock.js';
import type { Config } from './config/config.js';
import { type Logger, NestLogger } from './config/logger.js';
import { HealthService } from './health/health.service.js';
import { SocketServer } from './sockets/socket-server.js';
import { UsersService } from './users/users.service.js';

const CORRELATION_HEADER = 'x-correlation-id';
/** A caller may bring its own id, if it cannot forge a log line with it. */
const CORRELATION_ID = /^[\w.-]{8,64}$/;
const REQUEST_TIMEOUT_MS = 30_000;

export interface Running {
  readonly app: NestFastifyApplication;
  readonly port: number;
}

/**
 * Starts the control plane: waits for the database, makes the first user, listens.
 * @throws {ConfigError} when the database does not come, has no tables, or the administrator's password is no good
 */
export async function start({ config, logger, clock = Date.now }: { config: Config; logger: Logger; clock?: Clock }): Promise<Running> {
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_FRAME_BYTES,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    genReqId: ({ headers }: { headers: Record<string, unknown> }) => {
      const given = headers[CORRELATION_HEADER];
      return typeof given === 'string' && CORRELATION_ID.test(given) ? given : randomUUID();
    },
  });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with({ config, logger, clock }), adapter, { logger: new NestLogger(logger), abortOnError: false });
  app.setGlobalPrefix('api/v1');
  app.enableCors({ origin: [...config.webOrigins], credentials: true, exposedHeaders: [CORRELATION_HEADER] });
  await app.register(fastifyCookie);
  const fastify = adapter.getInstance();
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.headers({ [CORRELATION_HEADER]: request.id, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', 'content-security-policy': "default-src 'none'; frame-ancestors 'none'" });
  });
  fastify.addHook('onResponse', async (request, reply) => {
    logger.debug({ correlationId: request.id, method: request.method, route: request.routeOptions.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) }, 'request');
  });

  try {
    await app.get(HealthService).waitForDatabase();
    await app.get(UsersService).ensureAdministrator();
    app.get(SocketServer).attach(app.getHttpServer());
    await app.listen(config.port, config.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  const address = app.getHttpServer().address() as { port: number };
  logger.info({ host: config.host, port: address.port }, 'the control plane listens');
  return { app, port: address.port };
}
