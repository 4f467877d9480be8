import { AuthErrorCode } from '../auth/auth.error.js';
import { DesiredStateErrorCode } from '../desired-state/desired-state.error.js';
import { EnrolmentErrorCode } from '../enrolment/enrolment.error.js';
import { MachineErrorCode } from '../machines/machines.error.js';
import { RequestErrorCode } from './request.error.js';

export type ErrorCode = RequestErrorCode | AuthErrorCode | EnrolmentErrorCode | MachineErrorCode | DesiredStateErrorCode;

/** The one place where codes become HTTP. Every code must be here: the compiler checks it. */
export const PROBLEMS: Readonly<Record<ErrorCode, { readonly status: number; readonly title: string }>> = {
  [RequestErrorCode.invalid]: { status: 400, title: 'The request is not valid' },
  [RequestErrorCode.tooLarge]: { status: 413, title: 'The request is too large' },
  [RequestErrorCode.unsupportedMediaType]: { status: 415, title: 'The body must be JSON' },
  [RequestErrorCode.routeNotFound]: { status: 404, title: 'There is no such route' },
  [RequestErrorCode.tooMany]: { status: 429, title: 'Too many tries' },
  [RequestErrorCode.databaseUnavailable]: { status: 503, title: 'The database is not available' },
  [RequestErrorCode.internal]: { status: 500, title: 'Something went wrong in the control plane' },
  [AuthErrorCode.invalidCredentials]: { status: 401, title: 'User or password is wrong' },
  [AuthErrorCode.sessionRequired]: { status: 401, title: 'Not signed in' },
  [AuthErrorCode.forbidden]: { status: 403, title: 'Not allowed' },
  [AuthErrorCode.originRefused]: { status: 403, title: 'The request came from another site' },
  [EnrolmentErrorCode.tokenUnknown]: { status: 403, title: 'The join token is not known' },
  [EnrolmentErrorCode.tokenExpired]: { status: 403, title: 'The join token has expired' },
  [EnrolmentErrorCode.tokenRevoked]: { status: 403, title: 'The join token was revoked' },
  [EnrolmentErrorCode.tokenUsedUp]: { status: 403, title: 'The join token is used up' },
  [EnrolmentErrorCode.signatureInvalid]: { status: 400, title: 'The machine did not prove that it holds its key' },
  [EnrolmentErrorCode.tokenNotFound]: { status: 404, title: 'There is no such join token' },
  [MachineErrorCode.notFound]: { status: 404, title: 'There is no such machine' },
  [MachineErrorCode.revoked]: { status: 409, title: 'The machine was revoked' },
  [DesiredStateErrorCode.revisionConflict]: { status: 409, title: 'Somebody else changed the machine' },
};
