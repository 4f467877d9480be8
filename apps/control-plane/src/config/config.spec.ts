import { describe, expect, it } from '@jest/globals';
import { ConfigError, parseConfig } from './config.js';

const DATABASE_URL = 'postgresql://user:secret@127.0.0.1:5432/provefleet';

describe('the configuration', () => {
  it('needs a database and has a default for all else', () => {
    expect(parseConfig({ DATABASE_URL })).toEqual({
      databaseUrl: DATABASE_URL, host: '127.0.0.1', port: 4000, webOrigins: ['http://localhost:3000', 'http://127.0.0.1:3000'], trustedProxies: [], adminUser: 'admin', adminPasswordFile: '.provefleet/admin-password', logLevel: 'info',
    });
  });

  it('cannot be changed after the start', () => {
    const config = parseConfig({ DATABASE_URL });
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.webOrigins)).toBe(true);
  });

  it.each([
    [{ DATABASE_URL: undefined }, 'DATABASE_URL: must be set'],
    [{ DATABASE_URL: 'mysql://localhost' }, 'DATABASE_URL: must be a postgresql'],
    [{ PROVEFLEET_CONTROL_PLANE_PORT: '70000' }, 'PROVEFLEET_CONTROL_PLANE_PORT'],
    [{ PROVEFLEET_CONTROL_PLANE_PORT: 'four' }, 'PROVEFLEET_CONTROL_PLANE_PORT'],
    [{ PROVEFLEET_WEB_ORIGIN: 'https://fleet.example.org/path' }, 'PROVEFLEET_WEB_ORIGIN'],
    [{ PROVEFLEET_WEB_ORIGIN: ' , ' }, 'PROVEFLEET_WEB_ORIGIN'],
    [{ PROVEFLEET_TRUSTED_PROXIES: 'my-proxy' }, 'PROVEFLEET_TRUSTED_PROXIES'],
    [{ PROVEFLEET_ADMIN_USER: '  ' }, 'PROVEFLEET_ADMIN_USER'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL'],
    [{ PROVEFLEET_HOST: '0.0.0.0' }, 'PROVEFLEET_HOST: others could read the traffic'],
  ])('names the key that is wrong: %j', (change, message) => {
    expect(() => parseConfig({ DATABASE_URL, ...change })).toThrow(ConfigError);
    expect(() => parseConfig({ DATABASE_URL, ...change })).toThrow(message);
  });

  it('never repeats a value that may be secret', () => {
    expect(() => parseConfig({ DATABASE_URL: 'postgres:/secret-in-a-typo' })).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret-in-a-typo') }));
  });

  it('listens to others over plain HTTP only when told so', () => {
    expect(parseConfig({ DATABASE_URL, PROVEFLEET_HOST: '0.0.0.0', PROVEFLEET_ALLOW_PLAIN_HTTP: 'true' }).host).toBe('0.0.0.0');
  });
});
