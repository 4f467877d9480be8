import { z } from 'zod';
import { checkedUrl } from './environments.js';
import { OrchestratorError } from './errors.js';
import { DEFAULT_LIMITS, HttpTransport } from './http.js';

const constraint = z.object({
  version: z.string().regex(/^v?\d+\.\d+\.\d+/, 'is not a version such as 0.10.18'),
  type: z.enum(['blocking', 'warning', 'notice']),
  message: z.string().max(2_000),
  /** Seconds since the epoch; the constraint holds from then on. */
  start_date: z.number().nonnegative().nullish(),
});

const policy = z.object({
  version_constraints: z.array(constraint).default([]),
  ofac_country_names: z.record(z.string(), z.string().nullable()).default({}),
});

/** What the network asks of client versions and countries. */
export type VersionPolicy = z.infer<typeof policy>;
export type VersionConstraint = z.infer<typeof constraint>;

export interface PolicyVerdict {
  /** Set when fetching has to stop, with the text for the operator. */
  readonly blocking: string | null;
  readonly warnings: readonly string[];
  readonly notices: readonly string[];
}

/** @throws OrchestratorError `Undecodable` naming the field at fault. */
export function parseVersionPolicy(text: string): VersionPolicy {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new OrchestratorError('Undecodable', 'the version policy is not JSON', {}, { cause });
  }
  const parsed = policy.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new OrchestratorError('Undecodable', `the version policy’s ${issue?.path.join('.') || 'root'}: ${issue?.message ?? 'is wrong'}`);
}

/**
 * Fetches a version policy. It is advice: whoever cannot get it runs on.
 * @throws OrchestratorError of the kinds of any call.
 */
export async function fetchVersionPolicy(url: string, options: { signal?: AbortSignal; allowInsecureHttp?: boolean } = {}): Promise<VersionPolicy> {
  const target = checkedUrl(url, options.allowInsecureHttp);
  const call = `GET ${target.pathname}`;
  const transport = new HttpTransport({ ...DEFAULT_LIMITS, maxResponseBytes: 2 ** 20 });
  try {
    const response = await transport.send({ method: 'GET', url: target, headers: [['accept', '*/*'], ['host', target.host]], signal: options.signal, call });
    if (response.status !== 200) throw new OrchestratorError('HttpStatus', `status ${response.status}`, { call, status: response.status });
    return parseVersionPolicy(Buffer.from(response.body).toString('utf8'));
  } finally {
    transport.close();
  }
}

/**
 * Judges a client version (and country, when known) by a policy. A constraint holds for every version below its own,
 * from its start date on.
 * @param wallNowMs milliseconds since the epoch
 */
export function evaluateVersionPolicy(policy: VersionPolicy, version: string, wallNowMs: number, country: string | null = null): PolicyVerdict {
  const holding = policy.version_constraints.filter(
    (each) => (each.start_date ?? 0) * 1000 <= wallNowMs && compareVersions(version, each.version) < 0,
  );
  const messages = (type: VersionConstraint['type']): string[] => holding.filter((each) => each.type === type).map((each) => each.message);
  const restricted = Object.entries(policy.ofac_country_names).find(([code]) => code.toUpperCase() === country?.toUpperCase());
  const blocking = restricted ? `the network does not serve ${restricted[1] ?? restricted[0]}` : (messages('blocking')[0] ?? null);
  return { blocking, warnings: messages('warning'), notices: messages('notice') };
}

/** Semantic-version order of major.minor.patch; a pre-release comes before its release. Negative when a < b. */
function compareVersions(a: string, b: string): number {
  const parse = (text: string): { numbers: number[]; pre: boolean } => {
    const [core = '', rest = ''] = text.replace(/^v/, '').split(/(?=[-+])/, 2);
    return { numbers: core.split('.').map(Number), pre: rest.startsWith('-') };
  };
  const left = parse(a);
  const right = parse(b);
  for (let i = 0; i < 3; i++) {
    const difference = (left.numbers[i] ?? 0) - (right.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return Number(right.pre) - Number(left.pre);
}
