import { describe, expect, it } from '@jest/globals';
import { routes } from '../api/routes.js';
import type { RouteDefinition } from '../api/route.js';
import { isGranted, type Role } from './permissions.js';

const all = Object.entries(routes) as [string, RouteDefinition][];

describe('permissions', () => {
  it('leave open only what must be: health, its description, signing in and joining', () => {
    const open = all.filter(([, { permission }]) => permission === 'public' || permission === 'machine').map(([name]) => name);
    expect(open.sort()).toEqual(['enrol', 'getHealth', 'getOpenApi', 'login']);
  });

  it('let a viewer read and sign out, and nothing else', () => {
    const allowed = all.filter(([, { permission }]) => isGranted('viewer', permission)).map(([name]) => name);
    expect(allowed.filter((name) => !/^(get|list)/.test(name))).toEqual(['logout']);
    expect(allowed).not.toContain('listJoinTokens');
  });

  it.each(['operator', 'key-admin', 'admin'] satisfies Role[])('let the role %s run the fleet', (role) => {
    expect(all.every(([, { permission }]) => permission === 'public' || permission === 'machine' || isGranted(role, permission))).toBe(true);
  });

  it('of a machine are not had by any person', () => {
    for (const role of ['viewer', 'operator', 'key-admin', 'admin'] satisfies Role[]) expect(isGranted(role, 'machine')).toBe(false);
  });
});
