import { FeatureError } from '../api/feature-error.js';

export enum AuthErrorCode {
  invalidCredentials = 'invalid-credentials',
  sessionRequired = 'session-required',
  forbidden = 'forbidden',
  originRefused = 'origin-refused',
}

export class AuthError extends FeatureError<AuthErrorCode> {}
