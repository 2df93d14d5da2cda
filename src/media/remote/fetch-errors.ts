import {
  MAX_CONNECT_MS,
  MAX_REDIRECTS,
  MAX_RESPONSE_BODY_MS,
  MAX_RESPONSE_HEADERS_MS,
  MAX_URL_CHARACTERS,
} from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';

/**
 * A URL or a redirect that violates a rule. Every violation gives the same message. Otherwise a client could tell
 * private addresses from names that do not exist, and map the service's network.
 */
export function rejectedUrl(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'MEDIA_URL_REJECTED',
    `The media URL is not allowed. Use http or https on port 80 or 443, without credentials, on a public host that the operator allows, with at most ${MAX_URL_CHARACTERS} characters and ${MAX_REDIRECTS} redirects.`,
    { cause },
  );
}

/** An allowed URL that gave no usable response. Every reason gives the same message. */
export function failedFetch(cause?: unknown): SalamandraError {
  const [connect, headers, body] = [MAX_CONNECT_MS, MAX_RESPONSE_HEADERS_MS, MAX_RESPONSE_BODY_MS];
  return new SalamandraError(
    'MEDIA_FETCH_FAILED',
    `The media URL returned no image or video within the time limits (connection ${connect / 1000} s, headers ${headers / 1000} s, body ${body / 1000} s). Check the URL, or send the file itself.`,
    { cause },
  );
}
