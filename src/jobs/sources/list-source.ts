import { MAX_IDENTIFIER_BYTES } from '../../config/limits.js';
import { listFolder } from './folder.js';
import { listIiif } from './iiif/list-iiif.js';
import { listLines, listUrls } from './list-file.js';
import { assertSourceBelowRoots } from './roots.js';
import type {
  Confined,
  ListedEntry,
  ListOptions,
  SourceEntry,
  SourceItem,
  SourceSpec,
} from './source.js';
import { listTable } from './table.js';
import { listZip } from './zip.js';

/**
 * Lists what a source contains, in a fixed order and without holding it in memory. Texts are fit for a database:
 * without zero bytes and half surrogate pairs, and identifiers of at most MAX_IDENTIFIER_BYTES.
 *
 * @throws SalamandraError if the source as a whole cannot be read; the signal's reason
 */
export async function* listSource(
  spec: SourceSpec,
  options: ListOptions,
): AsyncGenerator<ListedEntry> {
  if (spec.roots !== undefined) await assertSourceBelowRoots(spec, spec.roots);
  for await (const entry of list(spec, options)) {
    yield 'item' in entry ? { ...fit(entry.item, spec.roots), cursor: entry.cursor } : entry;
  }
}

function list(spec: SourceSpec, options: ListOptions): AsyncGenerator<ListedEntry> {
  switch (spec.kind) {
    case 'folder':
      return listFolder(spec, options);
    case 'table':
      return listTable(spec, options);
    case 'list':
      return listLines(spec, options);
    case 'iiif':
      return listIiif(spec, options);
    case 'zip':
      return listZip(spec, options);
    case 'urls':
      return listUrls(spec, options);
  }
}

function fit(item: SourceItem, roots: Confined['roots']): SourceEntry {
  const identifier = toStorable(item.identifier);
  const bytes = Buffer.byteLength(identifier);
  if (bytes > MAX_IDENTIFIER_BYTES) {
    const entry = `${identifier.slice(0, 200)}…`;
    const reason = `The identifier has ${bytes} bytes, and the limit is ${MAX_IDENTIFIER_BYTES}.`;
    return { skipped: { entry, code: 'INVALID_NAME', reason, count: 1 } };
  }
  const cells = Object.entries(item.record);
  const record = Object.fromEntries(
    cells.map(([column, cell]) => [toStorable(column), toStorable(cell)]),
  );
  const location = roots === undefined ? item.location : { ...item.location, roots };
  return { item: { identifier, location, record } };
}

const NOT_STORABLE = /[\0\p{Surrogate}]/gu;

function toStorable(text: string): string {
  return text.replace(NOT_STORABLE, '\uFFFD');
}
