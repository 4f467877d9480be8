import { FeatureError } from '../api/feature-error.js';

export enum MachineErrorCode {
  notFound = 'machine-not-found',
  revoked = 'machine-revoked',
}

export class MachineError extends FeatureError<MachineErrorCode> {}
