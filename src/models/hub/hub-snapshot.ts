import { SalamandraError } from '../../errors/salamandra-error.js';
import { TransientFailure, unexpectedResponse } from './hub-errors.js';
import { type HubConnection, requestHub, type HubResponse } from './hub-request.js';
import { type OnPause, withRetries } from './retry-policy.js';

/** A model at the hub, at one commit. */
export interface HubSnapshot {
  /** As the hub spells it: `BSC-LT/salamandra-7b-vision`. */
  readonly repository: string;
  /** 40 digits of lower-case hex. */
  readonly commit: string;
  readonly licence: string;
  readonly access: 'open' | 'gated';
  /** Those of the topmost folder, by name. */
  readonly files: ReadonlyMap<string, HubFile>;
}

export interface HubFile {
  readonly name: string;
  readonly bytes: number;
  readonly checksum: Checksum;
}

/** What the hub knows a file by: large ones by their bytes, small ones by git's hash, which counts their length too. */
type Checksum =
  | { readonly kind: 'sha256'; readonly hex: string }
  | { readonly kind: 'git-sha1'; readonly hex: string };

/** Far above the listing of any model. */
const MAX_ANSWER_BYTES = 16 << 20;
const MAX_FILES = 10_000;
/** A listing comes in pages of up to a thousand entries. */
const MAX_QUESTIONS = 1_000;
/** A file's name without folders, and without anything that a file system takes for more than a name. */
export const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/**
 * Asks the hub what a model is made of.
 *
 * @param revision a branch, a tag or a commit; null for the newest commit of `main`.
 * @throws as `requestHub`, and HUB_UNAVAILABLE for an answer that no hub would give.
 */
export async function resolveSnapshot(
  repository: string,
  revision: string | null,
  hub: HubConnection,
  onPause: OnPause,
  signal: AbortSignal,
): Promise<HubSnapshot> {
  // The library's own way to send a token wants one of Hugging Face; ours sends it, and to the hub alone.
  const options = {
    hubUrl: hub.settings.endpoint,
    fetch: createFetch(hub, onPause, signal),
  };
  // Loading it takes a fifth of a second, which every other command would pay too.
  const { listFiles, modelInfo } = await import('@huggingface/hub');
  try {
    const model = await modelInfo({
      ...options,
      name: repository,
      additionalFields: ['sha', 'cardData'],
      revision: revision ?? 'main',
    });
    const commit = checkHex(model.sha, 40);
    const files = new Map<string, HubFile>();
    const entries = listFiles({
      ...options,
      repo: { type: 'model', name: repository },
      revision: commit,
    });
    for await (const entry of entries) {
      // Folders and names that mean something to a file system hold nothing that a conversion reads.
      if (entry.type !== 'file' || !PLAIN_NAME.test(entry.path)) continue;
      if (files.size >= MAX_FILES || files.has(entry.path)) throw unexpectedResponse();
      files.set(entry.path, parseFile(entry));
    }
    return {
      repository,
      commit,
      licence: parseLicence(model.cardData),
      // Anything but a plain no is a condition.
      access: (model.gated as unknown) === false ? 'open' : 'gated',
      files,
    };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SalamandraError) throw error;
    throw unexpectedResponse(error);
  }
}

/** `fetch` for the library: with our proxies, retries and errors. */
function createFetch(hub: HubConnection, onPause: OnPause, signal: AbortSignal): typeof fetch {
  let questions = 0;
  return async (input) => {
    questions += 1;
    // Each page names the next, so it is the hub that says when a listing ends.
    if (questions > MAX_QUESTIONS) throw unexpectedResponse();
    if (typeof input !== 'string' || !URL.canParse(input)) throw unexpectedResponse();
    const address = new URL(input);
    return await withRetries(
      () => requestHub(address, { accept: 'application/json' }, hub, signal, toResponse),
      hub.policy,
      onPause,
      signal,
    );
  };
}

async function toResponse({ status, headers, body }: HubResponse): Promise<Response> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw unexpectedResponse();
    chunks.push(chunk);
  }
  const declared = headers['content-length'];
  if (declared !== undefined && Number(declared) !== bytes) {
    throw new TransientFailure('hub-broken', unexpectedResponse());
  }
  return new Response(new Uint8Array(Buffer.concat(chunks)), {
    status,
    headers: headers.link === undefined ? {} : { link: String(headers.link) },
  });
}

interface ListedFile {
  readonly path: string;
  readonly size: number;
  readonly oid?: string;
  readonly lfs?: { readonly oid: string; readonly size: number };
}

function parseFile({ path, size, oid, lfs }: ListedFile): HubFile {
  const bytes = lfs?.size ?? size;
  if (!Number.isSafeInteger(bytes) || bytes < 0) throw unexpectedResponse();
  return {
    name: path,
    bytes,
    checksum: lfs
      ? { kind: 'sha256', hex: checkHex(lfs.oid, 64) }
      : { kind: 'git-sha1', hex: checkHex(oid, 40) },
  };
}

function checkHex(value: unknown, digits: number): string {
  if (typeof value !== 'string' || value.length !== digits || !/^[0-9a-f]+$/.test(value)) {
    throw unexpectedResponse();
  }
  return value;
}

function parseLicence(card: unknown): string {
  const { license } = (card ?? {}) as { license?: unknown };
  return typeof license === 'string' && /^[\w .+-]{1,64}$/.test(license) ? license : 'unknown';
}
