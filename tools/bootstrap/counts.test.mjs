import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countResults } from './counts.mjs';

test('adds up jest, cargo, node and Playwright', () => {
  const output = [
    'agent: Tests:       1 failed, 11 passed, 12 total',
    '\x1b[1mTests:       \x1b[22m\x1b[32m5 passed\x1b[39m, 5 total',
    'test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s',
    'test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured',
    '# pass 4',
    '# fail 1',
    '  1 failed',
    '  6 passed (1.2m)',
  ].join('\n');
  assert.deepEqual(countResults(output), { passed: 11 + 5 + 7 + 2 + 4 + 6, failed: 1 + 3 + 1 + 1 });
});

test('counts nothing in other text', () => {
  assert.deepEqual(countResults('12 files passed review\nTests: none'), { passed: 0, failed: 0 });
});
