import {
  MAX_CANCEL_MS,
  MAX_CANCEL_MS_PER_GB,
  MAX_REQUEST_MS,
  MAX_REQUEST_MS_PER_GB,
} from '../config/limits.js';

/** Milliseconds. */
export interface RequestLimits {
  /** From a request's arrival to its answer. */
  readonly requestMs: number;
  /** Until a cancelled run has noticed. */
  readonly cancelMs: number;
}

/** Limits that fit the model: every token reads all of its weights. */
export function requestLimits(weightBytes: number): RequestLimits {
  const gigabytes = weightBytes / 1e9;
  return {
    requestMs: MAX_REQUEST_MS + gigabytes * MAX_REQUEST_MS_PER_GB,
    cancelMs: MAX_CANCEL_MS + gigabytes * MAX_CANCEL_MS_PER_GB,
  };
}
