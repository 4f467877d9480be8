import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RouteInput, RouteOutput } from '../api/route.js';
import { Input, Route } from '../api/route.decorator.js';
import { routes, type Routes } from '../api/routes.js';
import type { Session } from './auth.repository.js';
import { AuthService } from './auth.service.js';
import { cookieOptions, SESSION_COOKIE } from './cookie.js';
import { CurrentSession } from './session.decorator.js';

const shown = ({ user, role, expiresAt }: Session): RouteOutput<Routes['getSession']> => ({ user, role, expiresAt });

@Controller()
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Route(routes.login)
  async login(@Input() { body }: RouteInput<Routes['login']>, @Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<RouteOutput<Routes['login']>> {
    const { session, token } = await this.auth.login(body.user, body.password, request.ip);
    void reply.setCookie(SESSION_COOKIE, token, cookieOptions(request.headers.origin, session.expiresAt));
    return shown(session);
  }

  @Route(routes.logout)
  async logout(@CurrentSession() session: Session, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    await this.auth.logout(session);
    void reply.clearCookie(SESSION_COOKIE, { path: '/' });
  }

  @Route(routes.getSession)
  getSession(@CurrentSession() session: Session): RouteOutput<Routes['getSession']> {
    return shown(session);
  }
}
