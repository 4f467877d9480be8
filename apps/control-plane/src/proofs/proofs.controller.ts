import { Controller } from '@nestjs/common';
import type { RouteInput, RouteOutput } from '../api/route.js';
import { Input, Route } from '../api/route.decorator.js';
import { routes, type Routes } from '../api/routes.js';
import { ProofsService } from './proofs.service.js';

@Controller()
export class ProofsController {
  constructor(private readonly proofs: ProofsService) {}

  @Route(routes.listMachineProofs)
  ofMachine(@Input() { params, query }: RouteInput<Routes['listMachineProofs']>): Promise<RouteOutput<Routes['listMachineProofs']>> {
    return this.proofs.ofMachine(params.id, query);
  }
}
