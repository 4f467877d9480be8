import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ROUTE } from './route.decorator.js';
import type { RouteDefinition } from './route.js';
import { routes } from './routes.js';

/** Stops the boot when a handler names no route, and so no permission, or a route has no handler. */
@Injectable()
export class RouteCheck implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  onModuleInit(): void {
    const handled = new Set<RouteDefinition>();
    for (const { instance, name } of this.discovery.getControllers()) {
      const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
      for (const method of this.scanner.getAllMethodNames(prototype)) {
        const handler = prototype[method] as object;
        const route = Reflect.getMetadata(ROUTE, handler) as RouteDefinition | undefined;
        if (Reflect.hasMetadata('path', handler) && !route) throw new Error(`${name}.${method} is a handler without a route of routes.ts, so it names no permission`);
        if (route) handled.add(route);
      }
    }
    const missing = Object.entries(routes).filter(([, route]) => !handled.has(route));
    if (missing.length > 0) throw new Error(`routes without a handler: ${missing.map(([name]) => name).join(', ')}`);
  }
}
