import { Controller } from '@nestjs/common';
import type { RouteInput, RouteOutput } from '../api/route.js';
import { Input, Route } from '../api/route.decorator.js';
import { routes, type Routes } from '../api/routes.js';
import type { Session } from '../auth/auth.repository.js';
import { CurrentSession } from '../auth/session.decorator.js';
import { MachinesService } from './machines.service.js';

@Controller()
export class MachinesController {
  constructor(private readonly machines: MachinesService) {}

  @Route(routes.listMachines)
  list(@Input() { query }: RouteInput<Routes['listMachines']>): Promise<RouteOutput<Routes['listMachines']>> {
    return this.machines.list(query);
  }

  @Route(routes.getMachine)
  get(@Input() { params }: RouteInput<Routes['getMachine']>): Promise<RouteOutput<Routes['getMachine']>> {
    return this.machines.detail(params.id);
  }

  @Route(routes.getMachineSeries)
  series(@Input() { params, query }: RouteInput<Routes['getMachineSeries']>): Promise<RouteOutput<Routes['getMachineSeries']>> {
    return this.machines.seriesOf(params.id, query.range);
  }

  @Route(routes.approveMachine)
  approve(@Input() { params, body }: RouteInput<Routes['approveMachine']>, @CurrentSession() { user }: Session): Promise<RouteOutput<Routes['approveMachine']>> {
    return this.machines.approve(params.id, user, body.reason);
  }

  @Route(routes.revokeMachine)
  revoke(@Input() { params, body }: RouteInput<Routes['revokeMachine']>, @CurrentSession() { user }: Session): Promise<RouteOutput<Routes['revokeMachine']>> {
    return this.machines.revoke(params.id, user, body.reason);
  }
}
