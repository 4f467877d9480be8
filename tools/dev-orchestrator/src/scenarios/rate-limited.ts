import { errorAnswer } from '../wire-error.js';
import { SOME_CALLS, share, type Scenario } from './scenario.js';

export const rateLimited: Scenario = {
  name: 'rate-limited',
  summary: '429, with Retry-After in seconds, as a date, or without it',
  params: { ...SOME_CALLS, form: 'seconds', seconds: 1 },
  create(host, params) {
    const hit = share(host, params);
    const seconds = Number(params['seconds']);
    return {
      before(request) {
        if (!hit(request)) return null;
        const headers: Record<string, string> = {};
        if (params['form'] === 'seconds') headers['retry-after'] = String(seconds);
        if (params['form'] === 'date') headers['retry-after'] = new Date(host.now() + seconds * 1000).toUTCString();
        return errorAnswer(429, 'RateLimitError', 'too many requests', headers);
      },
    };
  },
};
