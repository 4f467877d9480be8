import { createdJoinTokenSchema, enrolledSchema, problemSchema, type MachineFacts } from '@provefleet/fleet-protocol';
import type { z } from 'zod';
import type { Identity } from './identity.js';

const TIMEOUT_MS = 30_000;

/** An answer of the control plane that is no success. */
export class RestError extends Error {
  override readonly name = 'RestError';

  constructor(
    /** 0 when there was no answer. */
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The part of the control plane's REST interface a load run uses. */
export class ControlPlane {
  private cookie = '';

  /**
   * @param url such as `http://127.0.0.1:4000`
   * @param origin one of the dashboard's addresses: writes from elsewhere are refused
   */
  constructor(
    readonly url: string,
    readonly origin: string,
  ) {}

  /** Cookie header of the session, once signed in. */
  get sessionCookie(): string {
    return this.cookie;
  }

  async login(user: string, password: string): Promise<void> {
    const answer = await this.call('POST', '/auth/login', { user, password });
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0];
    if (cookie === undefined) throw new RestError(answer.status, 'the sign-in set no session cookie');
    this.cookie = cookie;
  }

  /** @returns a join token for so many machines */
  async createJoinToken(uses: number): Promise<string> {
    const answer = await this.call('POST', '/join-tokens', { uses, lifetimeMs: 3_600_000, labels: ['load'] });
    return (await parse(createdJoinTokenSchema, answer)).token;
  }

  async enrol(token: string, identity: Identity, facts: MachineFacts): Promise<z.infer<typeof enrolledSchema>> {
    const { name, publicKey, sealingKey } = identity;
    const answer = await this.call('POST', '/enrol', { token, name, publicKey, sealingKey, signature: identity.signEnrolment(token), facts });
    return parse(enrolledSchema, answer);
  }

  /** Reads a page as the dashboard does, to its last byte. */
  async read(path: string): Promise<void> {
    await (await this.call('GET', path)).arrayBuffer();
  }

  private async call(method: string, path: string, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = { origin: this.origin };
    if (this.cookie !== '') headers['cookie'] = this.cookie;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const answer = await this.fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.ok) return answer;
    const text = await answer.text();
    throw new RestError(answer.status, `${method} ${path} answered ${answer.status}: ${describe(text)}`);
  }

  private async fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.url}/api/v1${path}`, init);
    } catch (error) {
      const cause = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
      throw new RestError(0, `${this.url} cannot be reached: ${cause}`);
    }
  }
}

async function parse<T>(schema: z.ZodType<T>, answer: Response): Promise<T> {
  const result = schema.safeParse(await answer.json());
  if (result.success) return result.data;
  throw new RestError(answer.status, `an answer of the control plane is not of the protocol at ${result.error.issues[0]?.path.join('.')}`);
}

function describe(text: string): string {
  try {
    const problem = problemSchema.partial().safeParse(JSON.parse(text));
    if (problem.success) return `${problem.data.code ?? ''} ${problem.data.detail ?? ''}`.trim();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return text.slice(0, 200);
}
