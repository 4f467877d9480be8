import { evaluateVersionPolicy, parseVersionPolicy } from './version-policy.js';

const NOW = Date.UTC(2026, 10, 24);
const policy = parseVersionPolicy(
  JSON.stringify({
    version_constraints: [
      { version: '0.9.0', type: 'blocking', message: 'too old' },
      { version: '0.10.0', type: 'warning', message: 'soon too old', start_date: NOW / 1000 },
      { version: '0.11.0', type: 'blocking', message: 'from tomorrow', start_date: NOW / 1000 + 86_400 },
      { version: 'v0.10.18', type: 'notice', message: 'newer one out', start_date: null },
    ],
    ofac_country_names: { KP: 'North Korea', xx: null },
  }),
);

test.each([
  ['0.8.9', { blocking: 'too old', warnings: ['soon too old'], notices: ['newer one out'] }],
  ['0.9.0', { blocking: null, warnings: ['soon too old'], notices: ['newer one out'] }],
  ['0.10.0-rc.1', { blocking: null, warnings: ['soon too old'], notices: ['newer one out'] }],
  ['0.10.9', { blocking: null, warnings: [], notices: ['newer one out'] }],
  ['v0.10.18', { blocking: null, warnings: [], notices: [] }],
  ['1.0.0', { blocking: null, warnings: [], notices: [] }],
])('version %s', (version, verdict) => {
  expect(evaluateVersionPolicy(policy, version, NOW)).toEqual(verdict);
});

test('a constraint holds from its start date on', () => {
  expect(evaluateVersionPolicy(policy, '0.10.18', NOW + 86_400_000).blocking).toBe('from tomorrow');
});

test('a restricted country blocks, whatever its case, with its name when there is one', () => {
  expect(evaluateVersionPolicy(policy, '1.0.0', NOW, 'kp').blocking).toBe('the network does not serve North Korea');
  expect(evaluateVersionPolicy(policy, '1.0.0', NOW, 'XX').blocking).toBe('the network does not serve xx');
  expect(evaluateVersionPolicy(policy, '1.0.0', NOW, 'DE').blocking).toBeNull();
});

test.each([
  ['', 'not JSON'],
  ['[]', 'root'],
  ['{"version_constraints":[{"version":"new","type":"blocking","message":""}]}', 'version_constraints.0.version'],
  ['{"version_constraints":[{"version":"1.0.0","type":"fatal","message":""}]}', 'version_constraints.0.type'],
])('%j is refused, naming the field', (text, field) => {
  expect(() => parseVersionPolicy(text)).toThrow(expect.objectContaining({ code: 'Undecodable', message: expect.stringContaining(field) }));
});
