import { checkedUrl, isNexusUrl, orchestratorUrl } from './environments.js';

test.each([
  [{ environment: 'local' }, 'http://localhost:8080/'],
  [{ environment: 'local', url: 'http://127.0.0.1:9999' }, 'http://127.0.0.1:9999/'],
  [{ environment: 'beta' }, 'https://beta.orchestrator.nexus.xyz/'],
  [{ environment: 'production' }, 'https://production.orchestrator.nexus.xyz/'],
  [{ environment: 'production', line: '0.9' }, 'https://orchestrator.nexus.xyz/'],
  [{ environment: 'custom', url: 'https://prover.example.org/net' }, 'https://prover.example.org/net'],
] as const)('%j', (choice, url) => {
  expect(orchestratorUrl(choice).href).toBe(url);
});

test.each(['http://localhost:1', 'http://127.3.2.1', 'http://[::1]:8080', 'http://dev.localhost', 'https://example.org'])('%s is accepted', (url) => {
  expect(checkedUrl(url).href).toContain(url);
});

test.each([
  ['http://example.org', 'loopback only'],
  ['http://127.0.0.1.example.org', 'loopback only'],
  ['http://10.0.0.1', 'loopback only'],
  ['ftp://localhost', 'http or https'],
  ['https://user:secret@example.org', 'no credentials'],
  ['https://example.org/?a=1', 'no credentials, query'],
  ['not a url', 'is not a URL'],
])('%s is refused', (url, why) => {
  expect(() => checkedUrl(url)).toThrow(why);
});

test('a refused address is never repeated with its password', () => {
  for (const url of ['https://user:secret@example.org', 'https://user:secret@exa mple']) {
    expect(() => checkedUrl(url)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') }));
  }
});

test('plain http beyond loopback only when told so; custom needs an address', () => {
  expect(checkedUrl('http://10.0.0.1:8080', true).href).toBe('http://10.0.0.1:8080/');
  expect(() => orchestratorUrl({ environment: 'custom' })).toThrow('needs a url');
});

test('the network’s own servers are known under any environment', () => {
  expect(['https://production.orchestrator.nexus.xyz', 'https://nexus.xyz', 'https://nexus.xyz.example.org', 'https://notnexus.xyz'].map((url) => isNexusUrl(new URL(url)))).toEqual([
    true, true, false, false,
  ]);
});
