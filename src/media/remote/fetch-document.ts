import { SalamandraError } from '../../errors/salamandra-error.js';
import { fetchUrl } from './fetch-url.js';
import type { FetchPolicy } from './ssrf-guard.js';

export interface FetchedDocument {
  readonly status: number;
  /** `Retry-After`; empty if the server does not send it. */
  readonly retryAfter: string;
  /** Empty unless the status is 200. */
  readonly bytes: Buffer;
}

/**
 * GET of a small document into memory, under the same guard and time limits as media.
 *
 * @param accept media types to ask for
 * @throws MEDIA_URL_REJECTED, MEDIA_FETCH_FAILED without a response, PAYLOAD_TOO_LARGE, the signal's reason
 */
export async function fetchDocument(
  url: string,
  policy: FetchPolicy,
  { accept, maxBytes }: { readonly accept: string; readonly maxBytes: number },
  signal: AbortSignal,
): Promise<FetchedDocument> {
  return await fetchUrl(
    url,
    policy,
    signal,
    async ({ status, retryAfter, declaredBytes, body }) => {
      if (status !== 200) return { status, retryAfter, bytes: Buffer.alloc(0) };
      if (declaredBytes !== null && declaredBytes > maxBytes) throw tooLarge(maxBytes);
      const chunks: Uint8Array[] = [];
      let total = 0;
      for await (const chunk of body) {
        total += chunk.length;
        if (total > maxBytes) throw tooLarge(maxBytes);
        chunks.push(chunk);
      }
      return { status, retryAfter, bytes: Buffer.concat(chunks) };
    },
    accept,
  );
}

function tooLarge(maxBytes: number): SalamandraError {
  return new SalamandraError(
    'PAYLOAD_TOO_LARGE',
    `The document at the URL is larger than the limit of ${maxBytes} bytes.`,
    { details: { max_bytes: maxBytes } },
  );
}
