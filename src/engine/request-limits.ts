import {
  MAX_CANCEL_MS,
  MAX_CANCEL_MS_PER_GB,
  MAX_REQUEST_MS,
  MAX_REQUEST_MS_PER_GB,
} from '../config/limits.js';

/** Time limits of a model in milliseconds. */
export interface RequestLimits {
  /** From the arrival of a request to its answer. */
  readonly requestMs: number;
  /** From a cancellation to its confirmation by the worker. */
  readonly cancelMs: number;
}

/** The limits grow with the weights, because every decode step reads all of them. */
export function requestLimits(weightBytes: number): RequestLimits {
  const gigabytes = weightBytes / 1e9;
  return {
    requestMs: MAX_REQUEST_MS + gigabytes * MAX_REQUEST_MS_PER_GB,
    cancelMs: MAX_CANCEL_MS + gigabytes * MAX_CANCEL_MS_PER_GB,
  };
}
