import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { RouteInput, RouteOutput } from '../api/route.js';
import { Input, Route } from '../api/route.decorator.js';
import { routes, type Routes } from '../api/routes.js';
import type { Session } from '../auth/auth.repository.js';
import { CurrentSession } from '../auth/session.decorator.js';
import { EnrolmentService } from './enrolment.service.js';

@Controller()
export class EnrolmentController {
  constructor(private readonly enrolment: EnrolmentService) {}

  @Route(routes.enrol)
  enrol(@Input() { body }: RouteInput<Routes['enrol']>, @Req() request: FastifyRequest): Promise<RouteOutput<Routes['enrol']>> {
    return this.enrolment.enrol(body, request.ip);
  }

  @Route(routes.listJoinTokens)
  list(): Promise<RouteOutput<Routes['listJoinTokens']>> {
    return this.enrolment.listTokens();
  }

  @Route(routes.createJoinToken)
  create(@Input() { body }: RouteInput<Routes['createJoinToken']>, @CurrentSession() { user }: Session): Promise<RouteOutput<Routes['createJoinToken']>> {
    return this.enrolment.createToken(body, user);
  }

  @Route(routes.revokeJoinToken)
  revoke(@Input() { params }: RouteInput<Routes['revokeJoinToken']>, @CurrentSession() { user }: Session): Promise<void> {
    return this.enrolment.revokeToken(params.id, user);
  }
}
