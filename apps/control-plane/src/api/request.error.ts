import { FeatureError } from './feature-error.js';

/** What can be wrong with any request, whatever its feature. */
export enum RequestErrorCode {
  invalid = 'request-invalid',
  tooLarge = 'request-too-large',
  unsupportedMediaType = 'unsupported-media-type',
  routeNotFound = 'route-not-found',
  tooMany = 'too-many-requests',
  databaseUnavailable = 'database-unavailable',
  internal = 'internal-error',
}

export class RequestError extends FeatureError<RequestErrorCode> {}
