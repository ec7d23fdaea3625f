import { ApiError } from '../api';

/** Whatever was thrown, as what the views can show. */
export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError
    ? error
    : new ApiError({ code: 'bug', message: String(error), hint: '' }, 0);
}
