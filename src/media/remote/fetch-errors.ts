import { SalamandraError } from '../../errors/salamandra-error.js';

/**
 * Refused by rule, always in the same words: they must not tell a private address from a name that does not exist, or the
 * service would map its own network for strangers.
 */
export function rejectedUrl(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'MEDIA_URL_REJECTED',
    'The media URL is not one that this service fetches: http or https, on a public host that its operator allows.',
    { cause },
  );
}

/** Allowed, and nothing usable came; always in the same words. */
export function failedFetch(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'MEDIA_FETCH_FAILED',
    'The media URL did not bring a picture or a clip within the time allowed.',
    { cause },
  );
}
