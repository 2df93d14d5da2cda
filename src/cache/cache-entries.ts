import type { KvPrefix } from '../decoder/kv-cache/kv-prefix.js';
import type { CachedFeatures } from './engine-caches.js';
import { createTensor } from '../tensor/tensor.js';
import type { FileContent } from './disk-cache-file.js';

/** What a store keeps under a name. */
export type CacheEntry =
  | { readonly kind: 'media'; readonly media: CachedFeatures }
  | { readonly kind: 'prefix'; readonly prefix: KvPrefix };

type Note =
  | {
      readonly kind: 'media';
      readonly shape: readonly number[];
      readonly report: CachedFeatures['report'];
    }
  | { readonly kind: 'prefix'; readonly length: number; readonly bytes: number };

export function bytesOf(value: CacheEntry): number {
  return value.kind === 'media' ? value.media.features.data.byteLength : value.prefix.bytes;
}

export function toFileContent(value: CacheEntry): FileContent {
  if (value.kind === 'prefix') {
    const { length, bytes, planes } = value.prefix;
    return { note: { kind: 'prefix', length, bytes } satisfies Note, planes };
  }
  const { features: embeddings, report } = value.media;
  return {
    note: { kind: 'media', shape: embeddings.shape, report } satisfies Note,
    planes: [{ name: 'embeddings', data: embeddings.data }],
  };
}

/** @param content of a file that `toFileContent` has made: files are checked before. */
export function fromFileContent({ note, planes }: FileContent): CacheEntry {
  const told = note as Note;
  if (told.kind === 'prefix') {
    const { length, bytes } = told;
    return { kind: 'prefix', prefix: { length, bytes, planes } };
  }
  const data = planes[0]?.data as Float32Array;
  const embeddings = createTensor(told.shape, data);
  return { kind: 'media', media: { features: embeddings, report: told.report } };
}
