import type { KvPrefix } from '../decoder/kv-prefix.js';
import type { KeptMedia } from '../engine/prefix-store.js';
import { createTensor } from '../tensor/tensor.js';
import type { FileContent } from './kept-file.js';

/** What a store keeps under a name. */
export type KeptValue =
  | { readonly kind: 'media'; readonly media: KeptMedia }
  | { readonly kind: 'prefix'; readonly prefix: KvPrefix };

type Note =
  | {
      readonly kind: 'media';
      readonly shape: readonly number[];
      readonly report: KeptMedia['report'];
    }
  | { readonly kind: 'prefix'; readonly length: number; readonly bytes: number };

export function bytesOf(value: KeptValue): number {
  return value.kind === 'media' ? value.media.embeddings.data.byteLength : value.prefix.bytes;
}

export function toFileContent(value: KeptValue): FileContent {
  if (value.kind === 'prefix') {
    const { length, bytes, planes } = value.prefix;
    return { note: { kind: 'prefix', length, bytes } satisfies Note, planes };
  }
  const { embeddings, report } = value.media;
  return {
    note: { kind: 'media', shape: embeddings.shape, report } satisfies Note,
    planes: [{ name: 'embeddings', data: embeddings.data }],
  };
}

/** @param content of a file that `toFileContent` has made: files are checked before. */
export function fromFileContent({ note, planes }: FileContent): KeptValue {
  const told = note as Note;
  if (told.kind === 'prefix') {
    const { length, bytes } = told;
    return { kind: 'prefix', prefix: { length, bytes, planes } };
  }
  const data = planes[0]?.data as Float32Array;
  const embeddings = createTensor(told.shape, data);
  return { kind: 'media', media: { embeddings, report: told.report } };
}
