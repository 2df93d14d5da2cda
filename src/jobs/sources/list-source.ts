import { SalamandraError } from '../../errors/salamandra-error.js';
import { listFolder } from './folder.js';
import { listTable } from './table.js';
import { listZip } from './zip.js';
import { listLines, listUrls } from './list-file.js';
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
      return listTable(spec, options);
    case 'list':
      return listLines(spec, options);
    case 'urls':
      return listUrls(spec, options);
    case 'zip':
      return listZip(spec, options);
    case 'iiif':
      throw new SalamandraError('UNSUPPORTED_FEATURE', 'This kind of source is not supported.');
  }
}
