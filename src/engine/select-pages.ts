import { SalamandraError } from '../errors/salamandra-error.js';
import { listPageNumbers, type PageRange } from '../media/page-range.js';
import type { RequestMedia } from './vision-language-engine.js';

/**
 * One image for each page of a range; the media itself without a range.
 *
 * @throws INVALID_PARAMETER for pages of a video.
 */
export function selectPages(media: RequestMedia, pages?: PageRange): readonly RequestMedia[] {
  if (!pages) return [media];
  if (media.kind === 'video') {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'A video has no pages. Leave "page" and "pages" out, or choose times with "start" and "end".',
      { details: { parameter: 'page' } },
    );
  }
  return listPageNumbers(pages).map((page) => ({ ...media, page }));
}
