import { parseInput } from '@provefleet/prover';
import { TaskGenerator } from './generator.js';
import { parseCommandLine, type CommandLine } from './options.js';
import { SeededRandom } from './random.js';
import { parseScenario } from './scenarios/index.js';

const options = (...args: string[]): CommandLine => parseCommandLine(['node', 'dev-orchestrator', ...args], {});

test('sizes follow the difficulty, up to the limit', () => {
  const generator = new TaskGenerator(options('--program', 'fib_input_initial', '--max-difficulty', 'LARGE'));
  const sizes = (difficulty: 'SMALL' | 'SMALL_MEDIUM' | 'MEDIUM' | 'LARGE' | 'EXTRA_LARGE_5'): number[] =>
    Array.from({ length: 50 }, (_, i) => generator.task(i, difficulty)).map(({ program, inputs }) => parseInput(program, inputs[0] ?? new Uint8Array()).n);
  expect(Math.max(...sizes('SMALL'))).toBeLessThanOrEqual(100);
  expect(Math.min(...sizes('SMALL_MEDIUM'))).toBeGreaterThanOrEqual(100);
  expect(Math.max(...sizes('MEDIUM'))).toBeLessThanOrEqual(10_000);
  expect(Math.max(...sizes('LARGE'))).toBeLessThanOrEqual(65_535);
  expect(sizes('EXTRA_LARGE_5')).toEqual(sizes('LARGE'));
  expect(generator.task(0, 'EXTRA_LARGE_5').difficulty).toBe('LARGE');
});

test('every program, type and number of inputs is drawn', () => {
  const generator = new TaskGenerator(options('--task-types', 'all', '--inputs', '1-4'));
  const tasks = Array.from({ length: 200 }, (_, i) => generator.task(i, 'SMALL'));
  expect(new Set(tasks.map(({ program }) => program)).size).toBe(2);
  expect(new Set(tasks.map(({ taskType }) => taskType)).size).toBe(3);
  expect(new Set(tasks.map(({ inputs }) => inputs.length))).toEqual(new Set([1, 2, 3, 4]));
});

test('fixed inputs are taken as they are; an n beyond fast-fib means the other program', () => {
  const generator = new TaskGenerator(options('--n', '65535', '--a', '7', '--b', '4294967295'));
  for (let i = 0; i < 20; i++) {
    const { program, inputs } = generator.task(i, 'SMALL');
    expect(parseInput(program, inputs[0] ?? new Uint8Array())).toEqual({ program: 'fib_input_initial', n: 65_535, initA: 7, initB: 0xffff_ffff });
  }
});

test('a task does not depend on those before it', () => {
  const generator = new TaskGenerator(options());
  const later = generator.task(7, 'SMALL');
  generator.task(3, 'LARGE');
  expect(generator.task(7, 'SMALL')).toEqual(later);
});

test('random numbers: the same for a seed, spread over their range, ids of the right form', () => {
  const draw = (seed: string): number[] => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 1_000 }, () => random.next());
  };
  expect(draw('a')).toEqual(draw('a'));
  const values = draw('b');
  expect(Math.min(...values)).toBeLessThan(0.01);
  expect(Math.max(...values)).toBeGreaterThan(0.99);
  expect(values.reduce((sum, value) => sum + value) / 1_000).toBeCloseTo(0.5, 1);
  const random = new SeededRandom('c');
  expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(() => random.pick([])).toThrow('empty');
});

test('the command line: defaults, port from the environment, scenario with parameters', () => {
  expect(options()).toMatchObject({ port: 8080, seed: '1', rate: 4, limit: null, deadlineMs: 600_000, taskTypes: ['PROOF_REQUIRED'], inputs: [1, 1], quiet: false });
  expect(parseCommandLine(['node', 'x'], { PROVEFLEET_ORCHESTRATOR_PORT: '9090' }).port).toBe(9090);
  expect(parseCommandLine(['node', 'x', '--port', '1234'], { PROVEFLEET_ORCHESTRATOR_PORT: '9090' }).port).toBe(1234);
  expect(options('--unlimited').rate).toBeNull();
  expect(options('--scenario', 'rate-limited:seconds=3,form=date').scenario).toMatchObject({ params: { on: 'both', share: 0.3, seconds: 3, form: 'date' } });
});

test.each([
  ['peace', 'no scenario is called'],
  ['slow:speed=1', 'no parameter "speed"'],
  ['slow:ms=soon', 'must be a number'],
  ['slow:ms=', 'must be a number'],
  ['down:x=1', 'it has none'],
])('scenario %s is refused', (text, words) => {
  expect(() => parseScenario(text)).toThrow(words);
});
