import { describe, expect, it } from '@jest/globals';
import { describeMachine, formatNumber, renderText } from './report.js';

const machine = { cpu: 'CPU', cores: 2, memoryMiB: 100, system: 'linux', node: 'v20', allocator: "the system's", load: 0.5 };

describe('the report', () => {
  it('lines up its columns and says which targets were missed', () => {
    const text = renderText(
      {
        name: 'prover',
        notes: ['3 runs'],
        columns: ['build', 'n', 'ms'],
        rows: [
          ['x86-64', 9, 1.2345],
          ['x86-64-v3', 65_535, 120],
        ],
        targets: [
          { what: 'n = 9', limit: '≤ 3 ms', measured: '1.23 ms', reached: true },
          { what: 'n = 65,535', limit: '≤ 100 ms', measured: '120 ms', reached: false },
        ],
      },
      machine,
    );
    expect(text.split('\n')).toEqual([
      "prover: CPU, 2 cores, 100 MiB, linux, Node v20, allocator the system's, load 0.5",
      '3 runs',
      '',
      'build           n    ms',
      'x86-64          9  1.23',
      'x86-64-v3  65,535   120',
      '',
      'reached  n = 9: 1.23 ms (≤ 3 ms)',
      'MISSED   n = 65,535: 120 ms (≤ 100 ms)',
      '',
    ]);
  });

  it.each([
    [0.001234, '0.00123'],
    [1234.5, '1,235'],
    [99.95, '100.0'],
    [7, '7'],
    [Number.NaN, 'NaN'],
  ])('writes %s as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it('knows the machine it runs on', () => {
    expect(describeMachine()).toMatchObject({ cores: expect.any(Number), node: process.version });
  });
});
