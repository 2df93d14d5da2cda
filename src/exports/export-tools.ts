import { assertSourceBelowRoots } from '../jobs/sources/roots.js';
import { readDocument } from '../jobs/sources/iiif/documents.js';
import { type OpenOptions, openSourceItem } from '../jobs/sources/open-item.js';
import type { BatchSpec, JobSource } from '../jobs/sources/source.js';
import { noDecodableFrame } from '../media/video-errors.js';
import type { ReviewedItem } from '../review/reviewed-items.js';
import type { MediaCaller, MediaInspector } from '../workers/media-inspector.js';
import type { ExportTools } from './export-format.js';
import { isClip, mediaOf } from './segment-texts.js';

export interface ToolOptions extends OpenOptions {
  readonly version: string;
  readonly inspector: Pick<MediaInspector, 'drawThumbnail'>;
  readonly caller: MediaCaller;
  /** Of the job: documents on this machine are read only below the roots of the operator. */
  readonly source: Exclude<JobSource, BatchSpec>;
}

/** Draws thumbnails and reads documents for exports. */
export function createExportTools({
  version,
  inspector,
  caller,
  source,
  ...access
}: ToolOptions): ExportTools {
  return {
    version,
    drawThumbnail: (item) => drawThumbnail(item, inspector, caller, access),
    async readDocument(url) {
      if ('roots' in source && source.roots !== undefined)
        await assertSourceBelowRoots(source, source.roots);
      return await readDocument(url, access.policy, access.signal);
    },
  };
}

async function drawThumbnail(
  item: ReviewedItem,
  inspector: ToolOptions['inspector'],
  caller: MediaCaller,
  access: OpenOptions,
): Promise<Uint8Array> {
  // The line of a batch has no file.
  if (item.location.kind === 'batch-line') throw noDecodableFrame();
  const opened = await openSourceItem(item.location, access);
  const { path } = opened;
  try {
    if (isClip(item)) return await inspector.drawThumbnail({ kind: 'video', path }, caller);
    const { page, pages } = mediaOf(item);
    // Of a file with one page, the page is not named.
    const isPage = typeof page === 'number' && typeof pages === 'number' && pages > 1;
    const source = { kind: 'image', file: { path }, page: isPage ? page : undefined } as const;
    return await inspector.drawThumbnail(source, caller);
  } finally {
    await opened.dispose();
  }
}
