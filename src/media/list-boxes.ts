import type { ByteSource } from './byte-source.js';
import { damagedImage } from './image-errors.js';

/** A box of an ISO media file or of one of its relatives. */
export interface Box {
  readonly type: string;
  /** Place of the content in bytes. */
  readonly start: number;
  readonly end: number;
}

/** Boxes of a file: metadata has one each. */
const MAX_BOXES = 10_000;

/**
 * Lists the boxes between two offsets. Source: ISO/IEC 14496-12, section 4.2.
 *
 * @param format name of the format in messages.
 * @throws MEDIA_CORRUPT
 */
export function* listBoxes(
  source: Pick<ByteSource, 'read'>,
  { start, end }: Pick<Box, 'start' | 'end'>,
  format: string,
): Generator<Box> {
  let at = start;
  for (let count = 0; count < MAX_BOXES && at + 8 <= end; count += 1) {
    const head = Buffer.from(source.read(at, 16));
    if (head.length < 8) return;
    const shortBytes = head.readUInt32BE(0);
    const isLong = shortBytes === 1 && head.length === 16;
    // 0: up to the end of the file.
    const bytes = isLong
      ? Number(head.readBigUInt64BE(8))
      : shortBytes === 0
        ? end - at
        : shortBytes;
    const contentAt = at + (isLong ? 16 : 8);
    if (at + bytes < contentAt) {
      throw damagedImage({ format, finding: `a box has ${bytes} bytes`, byte: at });
    }
    // Content that ends early is for its reader to report.
    yield { type: head.toString('latin1', 4, 8), start: contentAt, end: Math.min(at + bytes, end) };
    at += bytes;
  }
}
