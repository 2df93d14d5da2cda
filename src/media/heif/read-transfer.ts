import type { ByteSource } from '../byte-source.js';
import type { HdrTransfer } from '../tone-map.js';

/** Transfer characteristics of HDR. Source: ITU-T H.273, table 3. */
const HDR_TRANSFERS: ReadonlyMap<number, HdrTransfer> = new Map([
  [16, 'pq'],
  [18, 'hlg'],
]);

/** Boxes that contain others, and the bytes before the first one. Source: ISO/IEC 23008-12. */
const CONTAINERS: ReadonlyMap<string, number> = new Map([
  ['meta', 4],
  ['iprp', 0],
  ['ipco', 0],
]);

const MAX_BOXES = 10_000;

/** The HDR transfer function that the properties of a HEIF file state, or `null`. */
export function readHdrTransfer(source: ByteSource): HdrTransfer | null {
  const ranges = [{ at: 0, end: source.length }];
  let transfer: HdrTransfer | null = null;
  let boxes = 0;
  for (let range = ranges.pop(); range; range = ranges.pop()) {
    for (let { at } = range; at + 8 <= range.end && boxes < MAX_BOXES; boxes += 1) {
      const head = Buffer.from(source.read(at, 20));
      if (head.length < 8) break;
      const bytes = head.readUInt32BE(0);
      const type = head.toString('latin1', 4, 8);
      const skipped = CONTAINERS.get(type);
      // 0 and 1 are sizes of media data, which comes last.
      if (bytes < 8) break;
      if (skipped !== undefined)
        ranges.push({ at: at + 8 + skipped, end: Math.min(at + bytes, range.end) });
      // An ICC profile beside it says how to convert the colors.
      if (type === 'colr' && head.length >= 16 && head.toString('latin1', 8, 12) === 'nclx') {
        transfer = HDR_TRANSFERS.get(head.readUInt16BE(14)) ?? transfer;
      }
      at += bytes;
    }
  }
  return transfer;
}
