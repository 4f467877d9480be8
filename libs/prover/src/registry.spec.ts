import { describe, expect, it } from '@jest/globals';
import { ProverRegistry } from './registry.js';
import type { ProverBackend } from './contract.js';

describe('ProverRegistry', () => {
  it('starts a backend by its name, with the options given', async () => {
    const seen: unknown[] = [];
    const backend = { name: 'a' } as ProverBackend;
    const registry = new ProverRegistry().register('a', async (options) => {
      seen.push(options);
      return backend;
    });
    expect(await registry.create('a', { threads: 3 })).toBe(backend);
    expect(seen).toEqual([{ threads: 3 }]);
  });

  it('names the known backends when asked for another', async () => {
    const registry = new ProverRegistry().register('a', async () => ({}) as ProverBackend).register('b', async () => ({}) as ProverBackend);
    await expect(registry.create('c', { threads: 1 })).rejects.toMatchObject({
      code: 'BackendUnavailable',
      message: 'no prover backend is called "c"; known: a, b',
    });
    await expect(new ProverRegistry().create('c', { threads: 1 })).rejects.toThrow('known: none');
  });

  it('takes each name once', () => {
    const registry = new ProverRegistry().register('a', async () => ({}) as ProverBackend);
    expect(() => registry.register('a', async () => ({}) as ProverBackend)).toThrow('registered twice');
  });
});
