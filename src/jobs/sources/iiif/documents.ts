import { readFile, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

import { MAX_IIIF_DOCUMENT_BYTES } from '../../../config/source-limits.js';
import { SalamandraError } from '../../../errors/salamandra-error.js';
import { fetchDocument } from '../../../media/remote/fetch-document.js';
import { detailsOfStatus, FetchFailure } from '../../../media/remote/fetch-errors.js';
import type { FetchPolicy } from '../../../media/remote/ssrf-guard.js';
import { accessError } from '../access-errors.js';
import { isFileUrl, pathOfUrl } from '../roots.js';
import { isResource, type Resource } from './resource.js';

/** A document in version 3 if the server has it, else as it is. */
const ACCEPT =
  'application/ld+json;profile="http://iiif.io/api/presentation/3/context.json", application/ld+json;q=0.9, application/json;q=0.8';

/**
 * Milliseconds before the second attempt: a busy server must not cost a manifest of a collection. More attempts at a
 * server that does not answer would take longer than the lease of a listing.
 */
const RETRY_MS = 2_000;

/** Statuses that are the answer to every attempt. */
const FINAL_STATUSES: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 406, 410, 451]);

/**
 * Reads a IIIF document from a URL or, with `file:`, from this machine.
 *
 * @param policy `null` fetches nothing.
 * @throws MEDIA_URL_REJECTED, MEDIA_FETCH_FAILED, NOT_FOUND, FORBIDDEN, STORAGE_UNAVAILABLE; PAYLOAD_TOO_LARGE;
 *   INVALID_REQUEST for what is no JSON object; the signal's reason
 */
export async function readDocument(
  url: string,
  policy: FetchPolicy | null,
  signal: AbortSignal | undefined,
): Promise<Resource> {
  const bytes = isFileUrl(url) ? await readLocal(url) : await fetchRemote(url, policy, signal);
  try {
    const document: unknown = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''));
    if (isResource(document)) return document;
  } catch (cause) {
    throw noDocument(cause);
  }
  throw noDocument();
}

async function readLocal(url: string): Promise<Buffer> {
  const path = pathOfUrl(url);
  try {
    const status = await stat(path);
    if (!status.isFile()) throw noDocument();
    if (status.size > MAX_IIIF_DOCUMENT_BYTES) {
      throw new SalamandraError(
        'PAYLOAD_TOO_LARGE',
        `The IIIF document has ${status.size} bytes, and the limit is ${MAX_IIIF_DOCUMENT_BYTES}.`,
      );
    }
    return await readFile(path);
  } catch (error) {
    throw error instanceof SalamandraError ? error : accessError(error);
  }
}

async function fetchRemote(
  url: string,
  policy: FetchPolicy | null,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  if (policy === null) throw urlsOff();
  const abort = signal ?? new AbortController().signal;
  let outcome = await attempt(url, policy, abort);
  if (!Buffer.isBuffer(outcome) && mayPass(outcome)) {
    await setTimeout(RETRY_MS, undefined, { signal });
    outcome = await attempt(url, policy, abort);
  }
  if (!Buffer.isBuffer(outcome)) throw fetchFailed(outcome);
  return outcome;
}

/** A response without the document, or the error of the connection. */
type Refusal = { readonly status: number; readonly retryAfter: string } | SalamandraError;

async function attempt(
  url: string,
  policy: FetchPolicy,
  signal: AbortSignal,
): Promise<Buffer | Refusal> {
  const options = { accept: ACCEPT, maxBytes: MAX_IIIF_DOCUMENT_BYTES };
  try {
    const { status, bytes, retryAfter } = await fetchDocument(url, policy, options, signal);
    return status === 200 ? bytes : { status, retryAfter };
  } catch (error) {
    if (error instanceof SalamandraError && error.code === 'MEDIA_FETCH_FAILED') return error;
    throw error;
  }
}

function mayPass(refusal: Refusal): boolean {
  if (!(refusal instanceof SalamandraError)) return !FINAL_STATUSES.has(refusal.status);
  return refusal.cause instanceof FetchFailure && refusal.cause.passes;
}

function fetchFailed(refusal: Refusal): SalamandraError {
  if (refusal instanceof SalamandraError) {
    const { publicMessage, cause } = refusal;
    const message = `The IIIF document was not fetched. ${publicMessage}`;
    return new SalamandraError('MEDIA_FETCH_FAILED', message, {
      cause,
      retryable: mayPass(refusal),
    });
  }
  const { status, retryAfter } = refusal;
  return new SalamandraError(
    'MEDIA_FETCH_FAILED',
    `The server of the IIIF document answered ${status}. Open its URL in a browser, and try again later.`,
    { retryable: mayPass(refusal), details: detailsOfStatus(status, retryAfter) },
  );
}

function urlsOff(): SalamandraError {
  return new SalamandraError(
    'MEDIA_URL_REJECTED',
    'Media URLs are off, and a IIIF document needs them. Ask the operator to set SALAMANDRA_MEDIA_URLS=on.',
  );
}

function noDocument(cause?: unknown): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    'The document is not a JSON object. Use the address of a IIIF manifest or collection, not that of its page or viewer.',
    { cause },
  );
}
