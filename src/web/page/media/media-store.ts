import { computed, signal, type ReadonlySignal } from '@preact/signals';

import { MAX_MEDIA_PER_REQUEST } from '../../../config/limits.js';
import { modelSupportsVideos } from '../service/service-status.js';
import { fileKind, type MediaFileKind } from './file-kind.js';

/** An added image or video. */
export interface MediaItem {
  readonly id: string;
  readonly file: File;
  readonly kind: MediaFileKind;
  /** A blob: URL, revoked when the item is removed. */
  readonly url: string;
}

/** Why files were not added. */
export type RejectedFiles =
  | { readonly reason: 'tooMany' }
  | { readonly reason: 'unknownKind' | 'noVideos'; readonly name: string };

const items = signal<readonly MediaItem[]>([]);
const selectedId = signal<string | null>(null);
const rejected = signal<readonly RejectedFiles[]>([]);
let lastId = 0;

/** The added images and videos, in order. */
export const media: ReadonlySignal<readonly MediaItem[]> = items;

/** The item that the page shows. `null` if there is none. */
export const selected: ReadonlySignal<MediaItem | null> = computed(
  () => items.value.find(({ id }) => id === selectedId.value) ?? null,
);

/** The files rejected by the latest `addFiles`. */
export const rejectedFiles: ReadonlySignal<readonly RejectedFiles[]> = rejected;

/**
 * Adds images and videos and selects the first of them. Rejects other files, videos if the model takes none, and files
 * beyond MAX_MEDIA_PER_REQUEST.
 */
export function addFiles(files: Iterable<File>): void {
  const next = [...items.value];
  const unusable: RejectedFiles[] = [];
  let firstId: string | null = null;
  let excess = 0;
  for (const file of files) {
    const kind = fileKind(file);
    if (kind === null) {
      unusable.push({ reason: 'unknownKind', name: file.name });
    } else if (kind === 'video' && !modelSupportsVideos.value) {
      unusable.push({ reason: 'noVideos', name: file.name });
    } else if (next.length >= MAX_MEDIA_PER_REQUEST) {
      excess += 1;
    } else {
      lastId += 1;
      const item = { id: `media-${lastId}`, file, kind, url: URL.createObjectURL(file) };
      next.push(item);
      firstId ??= item.id;
    }
  }
  items.value = next;
  rejected.value = excess > 0 ? [{ reason: 'tooMany' }, ...unusable] : unusable;
  if (firstId !== null) selectedId.value = firstId;
}

/** Removes an item. If it was selected, selects the next item, or the previous one if it was the last. */
export function removeMedia(id: string): void {
  const at = items.value.findIndex((item) => item.id === id);
  const item = items.value[at];
  if (!item) return;
  const rest = items.value.filter((other) => other !== item);
  if (selectedId.value === id) selectedId.value = (rest[at] ?? rest[at - 1])?.id ?? null;
  items.value = rest;
  rejected.value = [];
  URL.revokeObjectURL(item.url);
}

/** Selects an item. */
export function selectMedia(id: string): void {
  selectedId.value = id;
}

/** Removes all items. */
export function clearMedia(): void {
  const removed = items.value;
  items.value = [];
  selectedId.value = null;
  rejected.value = [];
  for (const { url } of removed) URL.revokeObjectURL(url);
}
