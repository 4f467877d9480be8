import { describe, expect, it } from '@jest/globals';
import { describeBackendConformance } from '@provefleet/prover';
import { createNativeBackend } from '../src/index.js';
import { fast, fib, jobOf } from './jobs.js';

describeBackendConformance({ describe, it, expect }, () => createNativeBackend({ threads: 2 }), [
  jobOf(fib(9, 1, 1)),
  jobOf(fib(2000, 123_456_789, 4_000_000_000)),
  jobOf(fast(47)),
]);
