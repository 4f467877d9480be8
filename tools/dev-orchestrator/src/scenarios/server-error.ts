import { errorAnswer } from '../wire-error.js';
import { SOME_CALLS, share, type Scenario } from './scenario.js';

const PAGE = '<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>';

export const serverError: Scenario = {
  name: 'server-error',
  summary: '500, 502, 503 or 504, now with the network’s error body, now with a proxy’s page, now with nothing',
  params: { ...SOME_CALLS },
  create(host, params) {
    const hit = share(host, params);
    return {
      before(request) {
        if (!hit(request)) return null;
        const status = host.random.pick([500, 502, 503, 504]);
        const body = host.random.pick(['shape', 'page', 'nothing'] as const);
        if (body === 'shape') return errorAnswer(status, 'InternalServerError', 'scenario server-error');
        return { status, headers: { 'content-type': 'text/html' }, body: new TextEncoder().encode(body === 'page' ? PAGE : '') };
      },
    };
  },
};
