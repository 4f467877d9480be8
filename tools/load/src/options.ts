import { readFileSync } from 'node:fs';
import { z } from 'zod';

const number = (schema: z.ZodNumber) => z.coerce.number().pipe(schema);
const originSchema = z.url({ protocol: /^https?$/ }).transform((text) => new URL(text).origin);

export const optionsSchema = z.object({
  machines: number(z.number().int().min(1).max(10_000)),
  eventsPerSecond: number(z.number().min(0).max(20_000)),
  /** Seconds. */
  duration: number(z.number().min(1).max(86_400)),
  controlPlane: originSchema,
  origin: originSchema,
  adminUser: z.string().min(1),
  adminPasswordFile: z.string().min(1),
  databaseUrl: z.string().min(1).optional(),
  seed: z.string().regex(/^[A-Za-z0-9-]{1,20}$/, 'must be 1 to 20 letters, digits or dashes'),
  workers: number(z.number().int().min(1).max(64)),
  connectRate: number(z.number().min(1).max(10_000)),
  watchers: number(z.number().int().min(0).max(100)),
  /** Seconds; 0: none. */
  stormEvery: number(z.number().min(0).max(86_400)),
  stormShare: number(z.number().min(0).max(1)),
  controlPlanePid: number(z.number().int().min(1)).optional(),
  report: z.string().min(1).optional(),
});
export type LoadOptions = z.infer<typeof optionsSchema>;

export class OptionsError extends Error {
  override readonly name = 'OptionsError';
}

/** @throws OptionsError naming the option and what is wrong with it */
export function parseOptions(raw: Readonly<Record<string, unknown>>): LoadOptions {
  const result = optionsSchema.safeParse(raw);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = String(issue?.path[0] ?? '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  throw new OptionsError(`--${name}: ${issue?.message ?? 'is not valid'}`);
}

/** @throws OptionsError when the file cannot be read or is empty */
export function readPassword(file: string): string {
  try {
    const password = readFileSync(file, 'utf8').trim();
    if (password !== '') return password;
  } catch (error) {
    throw new OptionsError(`--admin-password-file: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new OptionsError(`--admin-password-file: ${file} is empty`);
}
