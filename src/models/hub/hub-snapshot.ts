import { SalamandraError } from '../../errors/salamandra-error.js';
import { parseCardData } from '../package/model-card.js';
import { TransientFailure, unexpectedResponse } from './hub-errors.js';
import { type HubConnection, requestHub, type HubResponse } from './hub-request.js';
import { type OnPause, withRetries } from './retry-policy.js';

/** A model repository on the hub at one commit. */
export interface HubSnapshot {
  /** `OWNER/NAME`, for example `BSC-LT/salamandra-7b-vision`. */
  readonly repository: string;
  /** 40 lower-case hexadecimal digits. */
  readonly commit: string;
  readonly licence: string;
  readonly access: 'open' | 'gated';
  /** Files of the root folder by name, and those of `FOLDERS` by path. */
  readonly files: ReadonlyMap<string, HubFile>;
}

export interface HubFile {
  readonly name: string;
  readonly bytes: number;
  readonly checksum: Checksum;
}

/** Git LFS files have a SHA-256 of the content, others git's blob hash: SHA-1 of `blob SIZE\\0` and the content. */
type Checksum =
  | { readonly kind: 'sha256'; readonly hex: string }
  | { readonly kind: 'git-sha1'; readonly hex: string };

/** Limits against a hostile endpoint, far above the listing of any model. */
const MAX_RESPONSE_BYTES = 16 << 20;
const MAX_FILES = 10_000;
/** The file listing is paginated, up to 1,000 entries per page. */
const MAX_REQUESTS = 1_000;
/** File names without folders and without characters that are special to a file system. */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
/** Folders that the converter reads. transformers 4.45 to 4.51 stored the settings of the video processor in one. */
const FOLDERS = ['video_processor'];

/**
 * Requests commit, license and file list of a model revision.
 *
 * @param revision branch, tag or commit; null for `main`.
 * @throws the errors of `requestHub`; HUB_UNAVAILABLE for a malformed response.
 */
export async function resolveSnapshot(
  repository: string,
  revision: string | null,
  hub: HubConnection,
  onPause: OnPause,
  signal: AbortSignal,
): Promise<HubSnapshot> {
  // The library accepts only tokens of huggingface.co, so `requestHub` adds the token.
  const options = {
    hubUrl: hub.settings.endpoint,
    fetch: createFetch(hub, onPause, signal),
  };
  // Imported on demand: loading it takes 0.2 s.
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
    const repo = { type: 'model', name: repository } as const;
    const addFiles = async (path?: string): Promise<void> => {
      const folders: string[] = [];
      const place = { ...options, repo, revision: commit, ...(path !== undefined && { path }) };
      for await (const entry of listFiles(place)) {
        if (entry.type === 'directory' && FOLDERS.includes(entry.path)) folders.push(entry.path);
        // The converter needs no other folders and no unusual names.
        if (entry.type !== 'file' || !isFilePath(entry.path)) continue;
        if (files.size >= MAX_FILES || files.has(entry.path)) throw unexpectedResponse();
        files.set(entry.path, parseFile(entry));
      }
      if (path === undefined) for (const folder of folders) await addFiles(folder);
    };
    await addFiles();
    return {
      repository,
      commit,
      licence: parseCardData(model.cardData).licence,
      // `gated` is false, "auto" or "manual"; unknown values count as gated.
      access: (model.gated as unknown) === false ? 'open' : 'gated',
      files,
    };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SalamandraError) throw error;
    throw unexpectedResponse(error);
  }
}

/** Whether a path is a plain name in the root folder or in one of `FOLDERS`. */
export function isFilePath(path: string): boolean {
  const [first = '', second, ...rest] = path.split('/');
  if (second === undefined) return PLAIN_NAME.test(first);
  return FOLDERS.includes(first) && PLAIN_NAME.test(second) && rest.length === 0;
}

/** `fetch` for the library, with proxies, retries and errors of `requestHub`. */
function createFetch(hub: HubConnection, onPause: OnPause, signal: AbortSignal): typeof fetch {
  let requests = 0;
  return async (input) => {
    requests += 1;
    // Each page links to the next, so a hostile hub could continue forever.
    if (requests > MAX_REQUESTS) throw unexpectedResponse();
    if (typeof input !== 'string' || !URL.canParse(input)) throw unexpectedResponse();
    const url = new URL(input);
    return await withRetries(
      () => requestHub(url, { accept: 'application/json' }, hub, signal, toResponse),
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
    if (bytes > MAX_RESPONSE_BYTES) throw unexpectedResponse();
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
