import { MEDIA_HEAD_BYTES } from './sniff-media.js';

/** What comes until the kind can be told: MEDIA_HEAD_BYTES or a chunk more, less if the stream ends. */
export async function readHead(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const head: Uint8Array[] = [];
  for (let bytes = 0; bytes < MEDIA_HEAD_BYTES;) {
    const next = await chunks.next();
    if (next.done) break;
    head.push(next.value);
    bytes += next.value.length;
  }
  return Buffer.concat(head);
}

/** Head and rest; `count` sees the size of each chunk before the reader does, and may throw. */
export async function* countChunks(
  head: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let next: IteratorResult<Uint8Array> = { done: false, value: head };
  while (!next.done) {
    count(next.value.length);
    yield next.value;
    next = await rest.next();
  }
}
