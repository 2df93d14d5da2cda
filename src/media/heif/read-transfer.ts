import type { ByteSource } from '../byte-source.js';
import { listBoxes } from '../list-boxes.js';
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

/** The HDR transfer function that the properties of a HEIF file state, or `null`. */
export function readHdrTransfer(source: ByteSource): HdrTransfer | null {
  const ranges = [{ start: 0, end: source.length }];
  let transfer: HdrTransfer | null = null;
  for (let range = ranges.pop(); range; range = ranges.pop()) {
    for (const { type, start, end } of listBoxes(source, range, 'HEIC')) {
      const skipped = CONTAINERS.get(type);
      if (skipped !== undefined) ranges.push({ start: start + skipped, end });
      const color = Buffer.from(type === 'colr' ? source.read(start, 8) : []);
      if (color.length === 8 && color.toString('latin1', 0, 4) === 'nclx') {
        transfer = HDR_TRANSFERS.get(color.readUInt16BE(6)) ?? transfer;
      }
    }
  }
  return transfer;
}
