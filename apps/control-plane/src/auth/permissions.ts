import type { z } from 'zod';
import type { sessionSchema } from '@provefleet/fleet-protocol';

export type Role = z.infer<typeof sessionSchema>['role'];

/**
 * What a route or a socket message demands. `public`: nothing. `machine`: a machine's own proof (its key or a join
 * token), checked by the handler. `session`: any signed-in person. The others are granted by role.
 */
export type Permission = 'public' | 'machine' | 'session' | 'fleet:read' | 'machines:write' | 'machines:admit';

const READ: readonly Permission[] = ['session', 'fleet:read'];
const OPERATE: readonly Permission[] = [...READ, 'machines:write', 'machines:admit'];
const GRANTS: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  viewer: new Set(READ),
  operator: new Set(OPERATE),
  'key-admin': new Set(OPERATE),
  admin: new Set(OPERATE),
};

/** Whether a role may do what a permission guards. */
export const isGranted = (role: Role, permission: Permission): boolean => GRANTS[role].has(permission);
