import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { MetadataScanner } from '@nestjs/core';
import { z } from 'zod';
import { readCursor, writeCursor } from './cursor.js';
import { RequestError } from './request.error.js';
import { RouteCheck } from './route-check.js';
import { check } from './route.decorator.js';

describe('checking input', () => {
  it('names the field at fault with its place', () => {
    const schema = z.object({ list: z.array(z.object({ size: z.number() })) });
    expect(() => check(schema, { list: [{ size: 1 }, { size: 'big' }] }, 'body')).toThrow(expect.objectContaining({ code: 'request-invalid', field: 'body.list.1.size', message: expect.stringContaining('body.list.1.size: ') }));
  });

  it('takes what the schema names and drops the rest, so that nothing is assigned by the way', () => {
    expect(check(z.object({ workers: z.number() }), { workers: 1, role: 'admin' }, 'body')).toEqual({ workers: 1 });
  });
});

describe('a cursor', () => {
  const schema = z.object({ at: z.number(), name: z.string() });

  it('comes back as it was', () => {
    expect(readCursor(schema, writeCursor({ at: 1.5, name: 'ü' }))).toEqual({ at: 1.5, name: 'ü' });
    expect(readCursor(schema, undefined)).toBeUndefined();
  });

  it.each(['', 'x', '%%%', writeCursor({ at: '1' }), writeCursor(null)])('that is not ours is refused: %s', (cursor) => {
    expect(() => readCursor(schema, cursor)).toThrow(RequestError);
  });
});

describe('the check at boot', () => {
  const discover = (instance: object) => new RouteCheck({ getControllers: () => [{ instance, name: instance.constructor.name }] } as never, new MetadataScanner());

  it('stops at a handler that names no permission', () => {
    @Controller()
    class Forgetful {
      @Get('everything')
      all() {
        return 'secrets';
      }
    }
    expect(() => discover(new Forgetful()).onModuleInit()).toThrow('Forgetful.all is a handler without a route');
  });

  it('stops when a route has no handler', () => {
    class Empty {}
    expect(() => discover(new Empty()).onModuleInit()).toThrow(/routes without a handler: getHealth, login/);
  });
});
