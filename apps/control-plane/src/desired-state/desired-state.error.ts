import { FeatureError } from '../api/feature-error.js';

export enum DesiredStateErrorCode {
  revisionConflict = 'revision-conflict',
}

export class DesiredStateError extends FeatureError<DesiredStateErrorCode> {}
