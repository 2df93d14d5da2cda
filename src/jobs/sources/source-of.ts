import { stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { accessError } from './access-errors.js';
import { escapeFileName } from './file-names.js';
import { judgeFileName } from './media-names.js';
import type { SourceSpec } from './source.js';

const TABLES: ReadonlySet<string> = new Set(['.csv', '.tsv', '.tab', '.jsonl', '.ndjson']);

/**
 * The source that a path or URL names: a folder, and a file by its extension. A URL is an image or video if its path
 * ends like one, else a IIIF manifest or collection; nothing is fetched.
 *
 * @param pathOrUrl as a user writes it, relative to the current folder.
 * @throws NOT_FOUND, FORBIDDEN, INVALID_REQUEST for a file of another kind
 */
export async function sourceOf(pathOrUrl: string): Promise<SourceSpec> {
  if (/^https?:\/\//i.test(pathOrUrl)) return sourceOfUrl(pathOrUrl);
  const absolute = resolve(pathOrUrl);
  const path = escapeFileName(Buffer.from(absolute));
  const status = await stat(absolute).catch((cause: unknown) => {
    throw accessError(cause);
  });
  if (status.isDirectory()) return { kind: 'folder', path };
  const extension = extname(absolute).toLowerCase();
  if (TABLES.has(extension)) return { kind: 'table', path };
  switch (extension) {
    case '.txt':
      return { kind: 'list', path };
    case '.zip':
      return { kind: 'zip', path };
    case '.json':
      return { kind: 'iiif', url: pathToFileURL(absolute).href };
    default:
      throw new SalamandraError(
        'INVALID_REQUEST',
        'The file is not a source of a job. Name a folder, a table (.csv, .tsv, .jsonl), a list (.txt), an archive (.zip), a IIIF manifest (.json) or a URL. Save spreadsheets as CSV.',
      );
  }
}

function sourceOfUrl(url: string): SourceSpec {
  const path = URL.canParse(url) ? new URL(url).pathname : url;
  const isMedia = judgeFileName(path.slice(path.lastIndexOf('/') + 1)) === 'media';
  return isMedia ? { kind: 'urls', urls: [url] } : { kind: 'iiif', url };
}
