import { isIP } from 'node:net';
import { z } from 'zod';

/** Injection token of the {@link Config}. */
export const CONFIG = Symbol('config');

const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1', '[::1]']);
/** Whether a host name or address can only be reached from this machine. */
export const isLoopback = (host: string): boolean => LOOPBACK_HOSTS.has(host);

const list = (text: string) => text.split(',').map((part) => part.trim()).filter((part) => part !== '');

const originSchema = z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text, 'must be an origin such as https://fleet.example.org, without a path');
function isPostgresUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return /^postgres(ql)?:$/.test(protocol) && hostname !== '';
}
const flagSchema = z.enum(['true', 'false']).transform((text) => text === 'true');

const environmentSchema = z
  .object({
    DATABASE_URL: z.string('must be set to a postgresql:// address').refine(isPostgresUrl, 'must be a postgresql:// address'),
    PROVEFLEET_CONTROL_PLANE_PORT: z.coerce.number().int().min(0).max(65_535).default(4000),
    PROVEFLEET_HOST: z.string().min(1).default('127.0.0.1'),
    /** Plain HTTP on an address that others can reach: only behind a proxy that speaks TLS. */
    PROVEFLEET_ALLOW_PLAIN_HTTP: flagSchema.default(false),
    PROVEFLEET_WEB_ORIGIN: z.string().default('http://localhost:3000,http://127.0.0.1:3000').transform(list).pipe(z.array(originSchema).min(1)),
    /** Proxies whose X-Forwarded-For is believed. */
    PROVEFLEET_TRUSTED_PROXIES: z.string().default('').transform(list).pipe(z.array(z.string().refine((text) => isIP(text.split('/')[0] ?? '') !== 0, 'must be addresses or networks'))),
    PROVEFLEET_ADMIN_USER: z.string().trim().min(1).max(200).default('admin'),
    PROVEFLEET_ADMIN_PASSWORD_FILE: z.string().min(1).default('.provefleet/admin-password'),
    LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  })
  .refine((environment) => isLoopback(environment.PROVEFLEET_HOST) || environment.PROVEFLEET_ALLOW_PLAIN_HTTP, {
    path: ['PROVEFLEET_HOST'],
    message: 'others could read the traffic on this address; put a proxy with TLS in front and set PROVEFLEET_ALLOW_PLAIN_HTTP=true, or use 127.0.0.1',
  });

export interface Config {
  readonly databaseUrl: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Origins a browser may call from. */
  readonly webOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly adminUser: string;
  readonly adminPasswordFile: string;
  readonly logLevel: string;
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the configuration once, at start.
 * @throws {ConfigError} naming every key that is wrong, and why
 */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const result = environmentSchema.safeParse(environment);
  if (!result.success) throw new ConfigError(result.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`).join('\n'));
  const values = result.data;
  return Object.freeze({
    databaseUrl: values.DATABASE_URL,
    host: values.PROVEFLEET_HOST,
    port: values.PROVEFLEET_CONTROL_PLANE_PORT,
    webOrigins: Object.freeze(values.PROVEFLEET_WEB_ORIGIN),
    trustedProxies: Object.freeze(values.PROVEFLEET_TRUSTED_PROXIES),
    adminUser: values.PROVEFLEET_ADMIN_USER,
    adminPasswordFile: values.PROVEFLEET_ADMIN_PASSWORD_FILE,
    logLevel: values.LOG_LEVEL,
  });
}
