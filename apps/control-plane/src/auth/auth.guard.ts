import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { checksOrigin } from '../api/openapi.js';
import { ROUTE } from '../api/route.decorator.js';
import type { RouteDefinition } from '../api/route.js';
import { CONFIG, type Config } from '../config/config.js';
import { AuthError, AuthErrorCode } from './auth.error.js';
import { AuthService } from './auth.service.js';
import { SESSION_COOKIE } from './cookie.js';
import { isGranted } from './permissions.js';
import type { SessionRequest } from './session.decorator.js';

/** Stands before every handler: the request's origin, its session, and the permission the route names. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly auth: AuthService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const route = Reflect.getMetadata(ROUTE, context.getHandler()) as RouteDefinition | undefined;
    if (!route) throw new Error(`${context.getClass().name}.${context.getHandler().name} names no permission`);
    const request = context.switchToHttp().getRequest<SessionRequest>();
    if (checksOrigin(route)) this.requireOwnOrigin(request.headers.origin);
    if (route.permission === 'public' || route.permission === 'machine') return true;

    const session = await this.auth.authenticate(request.cookies[SESSION_COOKIE]);
    if (!session) throw new AuthError(AuthErrorCode.sessionRequired, 'Sign in first; the session is missing, ended or expired.');
    if (!isGranted(session.role, route.permission)) throw new AuthError(AuthErrorCode.forbidden, `The role ${session.role} does not allow this (${route.permission}).`);
    request.session = session;
    return true;
  }

  private requireOwnOrigin(origin: string | undefined): void {
    if (origin !== undefined && this.config.webOrigins.includes(origin)) return;
    throw new AuthError(
      AuthErrorCode.originRefused,
      origin === undefined ? 'A write needs the header Origin with the address of the dashboard.' : 'This origin is not among those of the dashboard (PROVEFLEET_WEB_ORIGIN).',
    );
  }
}
