import { describe, expect, it } from '@jest/globals';
import { PROVER_ERROR_CODES, ProverError } from './errors.js';

describe('ProverError', () => {
  it.each(PROVER_ERROR_CODES)('%s survives the way between processes', (code) => {
    const error = new ProverError(code, 'why', { exitCode: 137, signal: 'SIGKILL', field: 'n' });
    const arrived = ProverError.fromData(JSON.parse(JSON.stringify(error.toData())));
    expect(arrived).toBeInstanceOf(ProverError);
    expect(arrived.toData()).toEqual({ code, message: 'why', exitCode: 137, signal: 'SIGKILL', field: 'n' });
  });

  it('is worth another try only when the worker was at fault', () => {
    expect(PROVER_ERROR_CODES.filter((code) => new ProverError(code, '').retryable)).toEqual(['OutOfMemory', 'WorkerCrashed', 'VerificationFailed']);
  });

  it('wraps what is not one, and keeps its cause', () => {
    const cause = new RangeError('too big');
    expect(ProverError.from(cause)).toMatchObject({ code: 'WorkerCrashed', message: 'too big', cause });
    expect(ProverError.from('text')).toMatchObject({ code: 'WorkerCrashed', message: 'text' });
    const own = new ProverError('Cancelled', 'stop');
    expect(ProverError.from(own)).toBe(own);
  });
});
