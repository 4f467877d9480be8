import { Controller } from '@nestjs/common';
import type { RouteInput, RouteOutput } from '../api/route.js';
import { Input, Route } from '../api/route.decorator.js';
import { routes, type Routes } from '../api/routes.js';
import { OverviewService } from './overview.service.js';

@Controller()
export class OverviewController {
  constructor(private readonly overview: OverviewService) {}

  @Route(routes.getOverview)
  get(@Input() { query }: RouteInput<Routes['getOverview']>): Promise<RouteOutput<Routes['getOverview']>> {
    return this.overview.get(query.range);
  }
}
