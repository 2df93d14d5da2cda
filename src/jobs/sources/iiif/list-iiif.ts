import { MAX_IIIF_DEPTH, MAX_IIIF_DOCUMENTS } from '../../../config/source-limits.js';
import { SalamandraError } from '../../../errors/salamandra-error.js';
import type { IiifSpec, ListedEntry, ListOptions, SkipCode, SourceEntry } from '../source.js';
import { toSourceEntry } from './canvas.js';
import { readDocument } from './documents.js';
import { asArray, idOf, isResource, type Resource, resourcesOf, typeOf } from './resource.js';

/**
 * Lists the canvases of a manifest, or of all manifests of a collection, of version 2 or 3 of the Presentation API. One
 * manifest at a time is in memory, with the collections around it.
 *
 * A cursor is the path of an entry: the positions of its collections, manifest and canvas in each other.
 *
 * @throws the errors of `readDocument` for the document itself, INVALID_REQUEST if it is neither; those of the
 *   documents of a collection are reported as entries
 */
export async function* listIiif(
  { url }: IiifSpec,
  { after, policy, signal }: ListOptions,
): AsyncGenerator<ListedEntry> {
  const read = (each: string) => readDocument(each, policy, signal);
  const walker = new IiifWalker(read, signal);
  const document = await read(url);
  yield* walker.walk(document, idOf(document) ?? url, [], parseCursor(after));
}

/** Characters of the type of another document that its error repeats. */
const MAX_QUOTED = 40;

function parseCursor(cursor: string | undefined): readonly number[] {
  if (cursor === undefined) return [];
  if (/^\d+(?:\.\d+)*$/.test(cursor)) return cursor.split('.').map(Number);
  throw new SalamandraError('INVALID_PARAMETER', 'The cursor does not belong to a IIIF document.');
}

/** A manifest or collection inside a collection. */
interface Child {
  readonly id: string;
  /** The whole of it, if the collection contains more than a reference. */
  readonly embedded: Resource | null;
}

class IiifWalker {
  /** Collections refer to each other, and to the same manifests: each document is listed once. */
  private readonly seen = new Set<string>();

  constructor(
    private readonly read: (url: string) => Promise<Resource>,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /**
   * @param path of positions that leads to the document.
   * @param after path behind which to go on, from this document on; empty for its beginning.
   * @throws INVALID_REQUEST if it is neither manifest nor collection
   */
  async *walk(
    document: Resource,
    id: string,
    path: readonly number[],
    after: readonly number[],
  ): AsyncGenerator<ListedEntry> {
    this.seen.add(id);
    switch (typeOf(document)) {
      case 'Manifest':
        yield* listCanvases(document, path, after);
        break;
      case 'Collection':
        yield* this.walkCollection(document, path, after);
        break;
      default:
        throw noPresentation(document);
    }
  }

  private async *walkCollection(
    collection: Resource,
    path: readonly number[],
    [last = -1, ...rest]: readonly number[],
  ): AsyncGenerator<ListedEntry> {
    let position = -1;
    for await (const child of this.childrenOf(collection)) {
      this.signal?.throwIfAborted();
      position += 1;
      if (position < last || (position === last && rest.length === 0)) continue;
      const at = [...path, position];
      if (!('id' in child)) yield { ...child, cursor: at.join('.') };
      else yield* this.walkChild(child, at, position === last ? rest : []);
    }
  }

  private async *walkChild(
    { id, embedded }: Child,
    path: readonly number[],
    after: readonly number[],
  ): AsyncGenerator<ListedEntry> {
    if (this.seen.has(id)) return;
    const cursor = path.join('.');
    if (this.seen.size >= MAX_IIIF_DOCUMENTS || path.length > MAX_IIIF_DEPTH) {
      const reason = `A collection is read down to ${MAX_IIIF_DEPTH} levels and ${MAX_IIIF_DOCUMENTS} documents. Create a job for this part.`;
      yield { ...skip(id, 'LIMIT', reason), cursor };
      return;
    }
    let document: Resource;
    try {
      document = embedded ?? (await this.read(id));
      if (!/^(?:Manifest|Collection)$/.test(typeOf(document))) throw noPresentation(document);
    } catch (error) {
      if (!(error instanceof SalamandraError)) throw error;
      this.seen.add(id);
      yield { ...skip(id, 'UNREADABLE', error.publicMessage), cursor };
      return;
    }
    yield* this.walk(document, id, path, after);
  }

  /** The children of a collection, page by page: pages are those of version 2.1, and of drafts of version 4. */
  private async *childrenOf(collection: Resource): AsyncGenerator<Child | SourceEntry> {
    let page = collection;
    let next = idOf(page['next']) ?? idOf(page['first']);
    const pages = new Set<string>();
    for (;;) {
      yield* toChildren(page);
      if (next === null || pages.has(next) || pages.size >= MAX_IIIF_DOCUMENTS) return;
      pages.add(next);
      try {
        page = await this.read(next);
      } catch (error) {
        if (!(error instanceof SalamandraError)) throw error;
        yield skip(next, 'UNREADABLE', error.publicMessage);
        return;
      }
      next = idOf(page['next']);
    }
  }
}

function* toChildren(page: Resource): Generator<Child | SourceEntry> {
  // `members` of version 2.1 repeats what `collections` and `manifests` list.
  const lists = ['items', 'members', 'collections', 'manifests'].flatMap((name) =>
    asArray(page[name]),
  );
  const ids = new Set<string>();
  for (const each of lists) {
    const id = idOf(each);
    if (id === null || ids.has(id)) continue;
    ids.add(id);
    if (!/^https?:\/\//i.test(id)) {
      yield skip(id, 'UNREADABLE', 'Only http and https URLs are fetched from a collection.');
    } else {
      yield { id, embedded: isResource(each) && isWhole(each) ? each : null };
    }
  }
}

function isWhole(resource: Resource): boolean {
  return ['items', 'sequences', 'members', 'manifests', 'collections'].some(
    (name) => resourcesOf(resource[name]).length > 0,
  );
}

function* listCanvases(
  manifest: Resource,
  path: readonly number[],
  [last = -1]: readonly number[],
): Generator<ListedEntry> {
  // Further sequences of version 2 are other orders of the same canvases.
  const [sequence] = resourcesOf(manifest['sequences']);
  const canvases = [...resourcesOf(manifest['items']), ...resourcesOf(sequence?.['canvases'])];
  if (canvases.length === 0 && last < 0) {
    const reason = 'The manifest has no canvases.';
    yield {
      ...skip(idOf(manifest) ?? 'manifest', 'INVALID_RECORD', reason),
      cursor: [...path, 0].join('.'),
    };
  }
  for (const [position, canvas] of canvases.entries()) {
    if (position <= last) continue;
    const entry = toSourceEntry(manifest, canvas, position + 1);
    yield { ...entry, cursor: [...path, position].join('.') };
  }
}

function skip(entry: string, code: SkipCode, reason: string): SourceEntry {
  return { skipped: { entry, code, reason, count: 1 } };
}

function noPresentation(document: Resource): SalamandraError {
  const type = JSON.stringify(typeOf(document).slice(0, MAX_QUOTED));
  return new SalamandraError(
    'INVALID_REQUEST',
    `This JSON document, of the type ${type}, is neither a manifest nor a collection of the IIIF Presentation API (version 2 or 3), and no image or video. Name one of those, a folder, a table (.csv, .tsv, .jsonl), a list (.txt) or an archive (.zip).`,
  );
}
