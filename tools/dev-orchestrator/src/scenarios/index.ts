import { accountLimit } from './account-limit.js';
import { clockSkew } from './clock-skew.js';
import { conflict } from './conflict.js';
import { deadlines } from './deadlines.js';
import { deprecatedFields } from './deprecated-fields.js';
import { down } from './down.js';
import { dripping } from './dripping.js';
import { duplicateTasks } from './duplicate-tasks.js';
import { emptyAnswer } from './empty-answer.js';
import { garbage } from './garbage.js';
import { longInput } from './long-input.js';
import { noContent } from './no-content.js';
import { noInput } from './no-input.js';
import { notFound } from './not-found.js';
import { rateLimited } from './rate-limited.js';
import { reset } from './reset.js';
import { serverError } from './server-error.js';
import { shortInput } from './short-input.js';
import { silent } from './silent.js';
import { slow } from './slow.js';
import { unknownDifficulty } from './unknown-difficulty.js';
import { unknownProgram } from './unknown-program.js';
import { unknownTaskType } from './unknown-task-type.js';
import { unprocessable } from './unprocessable.js';
import type { Params, Scenario } from './scenario.js';

export type { Scenario } from './scenario.js';

/** Every scenario there is. A new one is a file and a line here. */
export const SCENARIOS: readonly Scenario[] = [
  rateLimited,
  accountLimit,
  notFound,
  conflict,
  unprocessable,
  serverError,
  slow,
  silent,
  dripping,
  reset,
  down,
  emptyAnswer,
  noContent,
  garbage,
  deprecatedFields,
  unknownTaskType,
  unknownDifficulty,
  unknownProgram,
  shortInput,
  noInput,
  longInput,
  duplicateTasks,
  deadlines,
  clockSkew,
];

export interface ScenarioChoice {
  readonly scenario: Scenario;
  readonly params: Params;
}

/**
 * Reads `name` or `name:key=value,key=value`.
 * @throws RangeError naming what is wrong.
 */
export function parseScenario(text: string): ScenarioChoice {
  const [name = '', rest] = text.split(/:(.*)/s);
  const pairs = rest ? rest.split(',').map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string | undefined]) : [];
  return chooseScenario(name, Object.fromEntries(pairs));
}

/** @throws RangeError naming the scenario or parameter that does not exist or fit. */
export function chooseScenario(name: string, given: Readonly<Record<string, unknown>> = {}): ScenarioChoice {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (!scenario) throw new RangeError(`no scenario is called "${name}"; there are ${SCENARIOS.map((each) => each.name).join(', ')}`);
  const params: Record<string, number | string> = { ...scenario.params };
  for (const [key, value] of Object.entries(given)) {
    const usual = scenario.params[key];
    if (usual === undefined) throw new RangeError(`scenario ${name} has no parameter "${key}"; it has ${Object.keys(scenario.params).join(', ') || 'none'}`);
    if (typeof usual === 'number') {
      const number = typeof value === 'number' ? value : Number(value === '' ? Number.NaN : value);
      if (!Number.isFinite(number)) throw new RangeError(`parameter ${key} of scenario ${name} must be a number`);
      params[key] = number;
    } else params[key] = String(value);
  }
  return { scenario, params };
}
