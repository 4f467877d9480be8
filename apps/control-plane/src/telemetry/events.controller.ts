import { Controller } from '@nestjs/common';
import type { RouteInput, RouteOutput } from '../api/route.js';
import { Input, Route } from '../api/route.decorator.js';
import { routes, type Routes } from '../api/routes.js';
import { EventsService } from './events.service.js';

@Controller()
export class EventsController {
  constructor(private readonly events: EventsService) {}

  @Route(routes.listEvents)
  ofFleet(@Input() { query }: RouteInput<Routes['listEvents']>): Promise<RouteOutput<Routes['listEvents']>> {
    return this.events.ofFleet(query);
  }

  @Route(routes.listMachineEvents)
  ofMachine(@Input() { params, query }: RouteInput<Routes['listMachineEvents']>): Promise<RouteOutput<Routes['listMachineEvents']>> {
    return this.events.ofMachine(params.id, query);
  }
}
