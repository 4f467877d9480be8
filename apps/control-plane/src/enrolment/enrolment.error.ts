import { FeatureError } from '../api/feature-error.js';

export enum EnrolmentErrorCode {
  tokenUnknown = 'join-token-unknown',
  tokenExpired = 'join-token-expired',
  tokenRevoked = 'join-token-revoked',
  tokenUsedUp = 'join-token-used-up',
  signatureInvalid = 'enrolment-signature-invalid',
  tokenNotFound = 'join-token-not-found',
}

export class EnrolmentError extends FeatureError<EnrolmentErrorCode> {}
