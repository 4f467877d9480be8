import { describe, expect, it } from '@jest/globals';
import { machineNameSchema } from '@provefleet/fleet-protocol';
import { namesLike } from './enrolment.service.js';

describe('names for a machine whose name is taken', () => {
  it.each(['rig', 'a', 'x'.repeat(63), 'dots.and-dashes_'])('are valid and differ: %s', (name) => {
    const names = [...namesLike(name)].slice(0, 200);
    expect(names[0]).toBe(name);
    expect(new Set(names).size).toBe(200);
    for (const each of names) expect(machineNameSchema.safeParse(each).success).toBe(true);
  });
});
