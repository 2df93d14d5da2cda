import { SalamandraError } from '../../errors/salamandra-error.js';
import { listFolder } from './folder.js';
import type { ListedEntry, ListOptions, SourceSpec } from './source.js';

/**
 * Lists what a source contains, in a fixed order and without holding it in memory.
 *
 * @throws SalamandraError if the source as a whole cannot be read; the signal's reason
 */
export function listSource(spec: SourceSpec, options: ListOptions): AsyncGenerator<ListedEntry> {
  switch (spec.kind) {
    case 'folder':
      return listFolder(spec, options);
    case 'table':
    case 'list':
    case 'zip':
    case 'iiif':
    case 'urls':
      throw new SalamandraError('UNSUPPORTED_FEATURE', 'This kind of source is not supported.');
  }
}
