import { Controller, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { openApiDocument } from '../api/openapi.js';
import type { RouteOutput } from '../api/route.js';
import { Route } from '../api/route.decorator.js';
import { routes, type Routes } from '../api/routes.js';
import { HealthService } from './health.service.js';

@Controller()
export class HealthController {
  private readonly description = openApiDocument();

  constructor(private readonly health: HealthService) {}

  @Route(routes.getHealth)
  async getHealth(@Res({ passthrough: true }) reply: FastifyReply): Promise<RouteOutput<Routes['getHealth']>> {
    const health = await this.health.check();
    if (health.status !== 'ok') void reply.status(503);
    return health;
  }

  @Route(routes.getOpenApi)
  getOpenApi(): RouteOutput<Routes['getOpenApi']> {
    return this.description;
  }
}
