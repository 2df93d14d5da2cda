import { computed, signal, type ReadonlySignal } from '@preact/signals';

import { MAX_MEDIA_PER_REQUEST } from '../../../config/limits.js';
import { fileKind, type MediaFileKind } from './file-kind.js';

/** A picture or a clip that can be asked about. */
export interface MediaItem {
  readonly id: string;
  readonly file: File;
  readonly kind: MediaFileKind;
  /** blob:, until it is removed. */
  readonly url: string;
}

/** Why files were left out the last time some were added. */
export type TrayNote =
  { readonly reason: 'tooMany' } | { readonly reason: 'unknownKind'; readonly name: string };

const items = signal<readonly MediaItem[]>([]);
const selectedId = signal<string | null>(null);
const notes = signal<readonly TrayNote[]>([]);
let added = 0;

/** What is in the tray, in the order of arrival. */
export const media: ReadonlySignal<readonly MediaItem[]> = items;

/** The one that is shown. */
export const selected: ReadonlySignal<MediaItem | null> = computed(
  () => items.value.find(({ id }) => id === selectedId.value) ?? null,
);

/** What was left out when files were added last; empty when nothing was. */
export const trayNotes: ReadonlySignal<readonly TrayNote[]> = notes;

/** Adds pictures and clips and shows the first of them. What does not fit or is neither is left out, with a note. */
export function addFiles(files: Iterable<File>): void {
  const kept = [...items.value];
  const found: TrayNote[] = [];
  let first: string | null = null;
  let leftOut = 0;
  for (const file of files) {
    const kind = fileKind(file);
    if (kind === null) {
      found.push({ reason: 'unknownKind', name: file.name });
    } else if (kept.length >= MAX_MEDIA_PER_REQUEST) {
      leftOut += 1;
    } else {
      added += 1;
      const item = { id: `media-${added}`, file, kind, url: URL.createObjectURL(file) };
      kept.push(item);
      first ??= item.id;
    }
  }
  items.value = kept;
  notes.value = leftOut > 0 ? [{ reason: 'tooMany' }, ...found] : found;
  if (first !== null) selectedId.value = first;
}

/** Takes one out; the one after it is shown, or the one before where it was the last. */
export function removeMedia(id: string): void {
  const at = items.value.findIndex((item) => item.id === id);
  const item = items.value[at];
  if (!item) return;
  const rest = items.value.filter((other) => other !== item);
  if (selectedId.value === id) selectedId.value = (rest[at] ?? rest[at - 1])?.id ?? null;
  items.value = rest;
  notes.value = [];
  URL.revokeObjectURL(item.url);
}

/** Shows another one. */
export function selectMedia(id: string): void {
  selectedId.value = id;
}

/** Empties the tray. */
export function clearMedia(): void {
  const gone = items.value;
  items.value = [];
  selectedId.value = null;
  notes.value = [];
  for (const { url } of gone) URL.revokeObjectURL(url);
}
