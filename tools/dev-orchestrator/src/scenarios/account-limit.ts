import { errorAnswer } from '../wire-error.js';
import type { Scenario } from './scenario.js';

const MINUTE = 60_000;

export const accountLimit: Scenario = {
  name: 'account-limit',
  summary: 'each account has so many requests for tasks in any minute; more are answered 429 with Retry-After',
  params: { perMinute: 30 },
  create(host, params) {
    const perMinute = Number(params['perMinute']);
    const sent = new Map<string, number[]>();
    return {
      before({ call, account }) {
        if (call !== 'fetch' || account === null) return null;
        const now = host.now();
        const recent = (sent.get(account) ?? []).filter((at) => at > now - MINUTE);
        sent.set(account, recent);
        if (recent.length < perMinute) {
          recent.push(now);
          return null;
        }
        const inTheWay = recent[recent.length - perMinute] ?? now;
        return errorAnswer(429, 'RateLimitError', 'the account has used up its requests of this minute', {
          'retry-after': String(Math.max(1, Math.ceil((inTheWay + MINUTE - now) / 1000))),
        });
      },
    };
  },
};
