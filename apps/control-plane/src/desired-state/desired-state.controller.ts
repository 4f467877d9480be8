import { Controller } from '@nestjs/common';
import type { RouteInput, RouteOutput } from '../api/route.js';
import { Input, Route } from '../api/route.decorator.js';
import { routes, type Routes } from '../api/routes.js';
import type { Session } from '../auth/auth.repository.js';
import { CurrentSession } from '../auth/session.decorator.js';
import { MachinesService } from '../machines/machines.service.js';
import { DesiredStateService } from './desired-state.service.js';

@Controller()
export class DesiredStateController {
  constructor(
    private readonly desired: DesiredStateService,
    private readonly machines: MachinesService,
  ) {}

  @Route(routes.setDesired)
  async set(@Input() { params, body }: RouteInput<Routes['setDesired']>, @CurrentSession() { user }: Session): Promise<RouteOutput<Routes['setDesired']>> {
    await this.desired.change(params.id, body, user);
    return this.machines.detail(params.id);
  }
}
