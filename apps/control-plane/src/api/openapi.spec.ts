import { describe, expect, it } from '@jest/globals';
import { checksOrigin, errorsOf, openApiDocument } from './openapi.js';
import { PROBLEMS } from './problems.js';
import type { RouteDefinition } from './route.js';
import { routes } from './routes.js';

type Operation = { operationId: string; responses: Record<string, { content?: Record<string, { schema: { allOf?: [unknown, { properties: { code: { enum: string[] } } }] } }> }>; parameters: { name: string; in: string }[] };
const document = openApiDocument() as { paths: Record<string, Record<string, Operation>>; components: { schemas: object } };

describe('the OpenAPI document', () => {
  it.each(Object.entries(routes) as [string, RouteDefinition][])('describes %s with all its parameters, answers and error codes', (name, route) => {
    const operation = document.paths[`/api/v1/${route.path.replace(/:(\w+)/g, '{$1}')}`]?.[route.method];
    expect(operation?.operationId).toBe(name);
    expect(operation?.parameters.filter((parameter) => parameter.in === 'path').map((parameter) => parameter.name)).toEqual([...route.path.matchAll(/:(\w+)/g)].map(([, parameter]) => parameter));
    expect(operation?.responses).toHaveProperty([String(route.status ?? 200)]);
    for (const code of errorsOf(route)) {
      const codes = operation?.responses[PROBLEMS[code].status]?.content?.['application/problem+json']?.schema.allOf?.[1].properties.code.enum;
      expect(codes).toContain(code);
    }
  });

  it('points only at schemas it has', () => {
    const wanted = new Set([...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name));
    expect(wanted.size).toBeGreaterThan(10);
    for (const name of wanted) expect(document.components.schemas).toHaveProperty([String(name)]);
  });
});

it('every write that a cookie authorises is guarded against other sites', () => {
  for (const route of Object.values(routes) as RouteDefinition[]) expect(checksOrigin(route)).toBe(route.method !== 'get' && route.path !== 'enrol');
});
