import { describe, expect, test } from '@jest/globals';
import { parseWorkers, pausePlan, resumePlan, workersPlan } from './change-plan';
import { machine } from './fixtures';

describe('a number of workers', () => {
  test.each([['0', 0], [' 12 ', 12], ['256', 256]])('%p is taken', (text, number) => expect(parseWorkers(text)).toBe(number));
  test.each(['', '257', '-1', '1.5', '3x', '1e2', '99999'])('%p is not', (text) => expect(parseWorkers(text)).toBeNull());
});

describe('what a change will do', () => {
  const slow = machine({ provingMsP95: 185_000 });
  test('fewer workers: proofs are finished first', () => {
    expect(workersPlan(slow, 3)).toEqual(['1 worker finishes its present proof first, up to 3 min 05 s, then stops. No proof is lost.', 'You can go back at any time.']);
    expect(workersPlan(slow, 1)[0]).toBe('3 workers finish their present proofs first, up to 3 min 05 s, then stop. No proof is lost.');
    expect(workersPlan(slow, 0)[0]).toContain('then none proves');
  });
  test('more workers, and more than there are cores', () => {
    expect(workersPlan(machine({ cpuCores: 4 }), 6)).toEqual(['2 more workers start as memory allows. Running proofs go on.', 'That is more than its 4 cores: each proof takes longer.', 'You can go back at any time.']);
  });
  test('the same number changes nothing, also when fewer run', () => {
    expect(workersPlan(slow, 4)[0]).toBe('It is set to this already. Nothing changes.');
  });
  test('a machine out of reach or paused takes it later', () => {
    expect(workersPlan(machine({ state: 'offline' }), 3)).toContain('rig-a is offline. It applies this when it returns.');
    expect(workersPlan(machine({ state: 'paused', desired: { revision: 5, document: { workers: 4, paused: true, pauseNote: '' } } }), 3)).toContain('It is paused. The new value waits and applies when it resumes.');
    expect(pausePlan(machine({ state: 'offline', provingMsP95: null }))).toEqual(['Workers finish their present proofs first. No proof is lost, and finished proofs are still submitted.', 'rig-a is offline. It applies this when it returns.', 'Resume at any time.']);
  });
  test('resume says how many take tasks', () => {
    expect(resumePlan(machine())).toEqual(['4 workers take tasks as they come.']);
    expect(resumePlan(machine({ desired: { revision: 5, document: { workers: 'auto', paused: true, pauseNote: '' } } }))).toEqual(['The machine chooses its number of workers.']);
  });
});
