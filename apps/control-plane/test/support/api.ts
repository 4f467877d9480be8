import type { Problem } from '@provefleet/fleet-protocol';
import { type ControlPlane, ORIGIN } from './control-plane.js';

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
}

/** Calls the API as a browser on the dashboard's origin would. */
export class Api {
  cookie = '';

  constructor(
    private readonly plane: ControlPlane,
    private readonly headers: Record<string, string> = { origin: ORIGIN },
  ) {}

  static async signedIn(plane: ControlPlane): Promise<Api> {
    const api = new Api(plane);
    await api.login(plane.password);
    return api;
  }

  async login(password: string, user = 'admin'): Promise<Answer<unknown>> {
    const answer = await this.call('POST', 'auth/login', { user, password });
    this.cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? this.cookie;
    return answer;
  }

  async call<T = Problem>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
    const answer = await fetch(`${this.plane.url}/api/v1/${path}`, {
      method,
      headers: { ...this.headers, ...(this.cookie && { cookie: this.cookie }), ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: (text === '' ? undefined : JSON.parse(text)) as T };
  }

  /** A call that must succeed. */
  async ok<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.call<T>(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
}
