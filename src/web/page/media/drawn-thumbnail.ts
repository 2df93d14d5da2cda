import { effect, signal, type ReadonlySignal, type Signal } from '@preact/signals';

import { readProblem } from '../service/service-error.js';
import { media, type MediaItem } from './media-store.js';

/**
 * What the service shows of a file that the browser cannot show.
 *
 * - `unknown`: it was not asked, because the file is large, or could not answer
 * - `unreadable`: it cannot read the file either
 */
export type DrawnThumbnail = 'loading' | 'unknown' | 'unreadable' | { readonly url: string };

/** A larger file is only sent when its texts are asked for. */
const MAX_SENT_BYTES = 200_000_000;

const drawn = new Map<string, Signal<DrawnThumbnail>>();

/** One file after another, so that the thumbnails of a page take a single place of the service. */
let previous: Promise<unknown> = Promise.resolve();

/** The thumbnail of an item. The first call sends the file to the service. */
export function drawThumbnail(item: MediaItem): ReadonlySignal<DrawnThumbnail> {
  const known = drawn.get(item.id);
  if (known) return known;
  const thumbnail = signal<DrawnThumbnail>('loading');
  drawn.set(item.id, thumbnail);
  if (item.file.size > MAX_SENT_BYTES) {
    thumbnail.value = 'unknown';
    return thumbnail;
  }
  previous = previous.then(async () => {
    if (!drawn.has(item.id)) return;
    const result = await requestThumbnail(item.file);
    if (drawn.has(item.id)) thumbnail.value = result;
    else release(result);
  });
  return thumbnail;
}

async function requestThumbnail(file: File): Promise<DrawnThumbnail> {
  const form = new FormData();
  form.set('file', file);
  try {
    const reply = await fetch('v1/thumbnails', { method: 'POST', body: form });
    if (reply.ok) return { url: URL.createObjectURL(await reply.blob()) };
    const problem = readProblem(await reply.text());
    return problem && !problem.retryable ? 'unreadable' : 'unknown';
  } catch {
    return 'unknown';
  }
}

function release(thumbnail: DrawnThumbnail): void {
  if (typeof thumbnail === 'object') URL.revokeObjectURL(thumbnail.url);
}

// Removed items release their thumbnails.
effect(() => {
  const present = new Set(media.value.map(({ id }) => id));
  for (const [id, thumbnail] of drawn) {
    if (present.has(id)) continue;
    drawn.delete(id);
    release(thumbnail.peek());
  }
});
