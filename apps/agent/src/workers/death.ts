import { ProverError } from '@provefleet/prover';
import { line } from '../errors.js';

/** What is known about the end of a worker process. */
export interface DeathFacts {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set when the agent ended it itself. */
  readonly endedBy: 'stop' | 'hang' | 'unavailable' | null;
  /** Whether the kernel's count of out-of-memory kills rose meanwhile; null where the kernel does not tell. */
  readonly kernelKilledForMemory: boolean | null;
  /** The last lines it wrote to stderr. */
  readonly lastWords: string;
}

export interface Death {
  readonly change: 'stopped' | 'crashed' | 'out-of-memory' | 'hung';
  readonly cause: string;
  /** What the job that ran then failed of; null when the worker was told to end. */
  readonly error: ProverError | null;
}

/** Exit code by which shells and runtimes report SIGKILL, which on Linux is most often the out-of-memory killer. */
const EXIT_SIGKILL = 137;

/** Tells the ways a worker can end apart. */
export function classifyDeath(facts: DeathFacts): Death {
  const { code, signal, endedBy } = facts;
  if (endedBy === 'stop' || endedBy === 'unavailable') return { change: 'stopped', cause: '', error: null };
  if (endedBy === 'hang') {
    const cause = 'made no end of a proof before its deadline and was killed';
    return { change: 'hung', cause, error: new ProverError('DeadlineExceeded', `the worker ${cause}`) };
  }
  if (isHeapExhausted(facts)) return outOfMemory('the JavaScript heap was full', facts);
  if (signal === 'SIGKILL' || code === EXIT_SIGKILL) {
    if (facts.kernelKilledForMemory === true) return outOfMemory('killed by the kernel for lack of memory', facts);
    if (facts.kernelKilledForMemory === null) return outOfMemory('killed by SIGKILL, probably for lack of memory', facts);
    return crashed('killed by SIGKILL from outside (the kernel counts no out-of-memory kill)', facts);
  }
  if (signal !== null) return crashed(`crashed with ${signal}`, facts);
  return crashed(code === 0 ? 'ended without being told to' : `ended with exit code ${code}`, facts);
}

function isHeapExhausted({ signal, lastWords }: DeathFacts): boolean {
  return signal === 'SIGABRT' && /heap out of memory|Allocation failed/i.test(lastWords);
}

function details({ code, signal }: DeathFacts) {
  return { ...(code === null ? {} : { exitCode: code }), ...(signal === null ? {} : { signal }) };
}

function outOfMemory(cause: string, facts: DeathFacts): Death {
  return { change: 'out-of-memory', cause, error: new ProverError('OutOfMemory', `the worker died: ${cause}`, details(facts)) };
}

function crashed(cause: string, facts: DeathFacts): Death {
  const words = facts.lastWords.trim();
  const whole = line(words ? `${cause}: ${words}` : cause, 300);
  return { change: 'crashed', cause: whole, error: new ProverError('WorkerCrashed', line(`the worker died: ${whole}`, 300), details(facts)) };
}
