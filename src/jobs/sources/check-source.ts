import { SalamandraError } from '../../errors/salamandra-error.js';
import { listSource } from './list-source.js';
import type { ListOptions, SourceSpec } from './source.js';

const KINDS: Readonly<Record<Exclude<SourceSpec['kind'], 'folder' | 'urls'>, string>> = {
  table: 'table',
  list: 'list',
  zip: 'archive',
  iiif: 'IIIF document',
};

/**
 * Reads the beginning of a source, up to the first image or video, so that a wrong source makes no job. Folders and
 * URLs are not read: a folder may be filled later, and a URL is an item of its own.
 *
 * @throws the errors of `listSource`; INVALID_REQUEST for a source without an image or video
 */
export async function checkSource(
  spec: SourceSpec,
  options: Omit<ListOptions, 'after'>,
): Promise<void> {
  if (spec.kind === 'folder' || spec.kind === 'urls') return;
  let reason = '';
  for await (const entry of listSource(spec, options)) {
    if ('item' in entry) return;
    reason ||= ` ${entry.skipped.reason}`;
  }
  throw new SalamandraError(
    'INVALID_REQUEST',
    `The ${KINDS[spec.kind]} names no image or video.${reason}`,
  );
}
