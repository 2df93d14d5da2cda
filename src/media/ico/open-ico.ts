import { type ByteSource, memorySource } from '../byte-source.js';
import { drawBmp } from '../bmp/decode-bmp.js';
import { type BmpHeader, readBmpHeader } from '../bmp/read-bmp-header.js';
import { damagedImage } from '../image-errors.js';
import { createBaselineTiff } from '../tiff/baseline-tiff.js';

/** The largest image of an icon or cursor. */
export type IcoImage =
  | { readonly kind: 'png'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'bmp';
      readonly header: BmpHeader;
      readonly pixels: ByteSource;
      /** The offset in `pixels` of the mask that follows the colors. */
      readonly maskAt: number;
    };

/** Images of an icon. Editors write up to a dozen. */
const MAX_IMAGES = 256;

const DIRECTORY_BYTES = 6;
const ENTRY_BYTES = 16;
const BMP_FILE_HEADER_BYTES = 14;
const INFO_HEADER_BYTES = 40;
const V4_HEADER_BYTES = 108;
const BITFIELDS = 3;

/**
 * Reads the directory of an icon or cursor and the header of its largest image, with the most colors of that size.
 * Source: Microsoft, "Icons in Win32".
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export function openIco(source: ByteSource): IcoImage {
  const head = Buffer.from(source.read(0, DIRECTORY_BYTES));
  const count = head.length < DIRECTORY_BYTES ? 0 : head.readUInt16LE(4);
  if (count < 1 || count > MAX_IMAGES) throw damaged(`it has ${count} images`, 4);
  const entries = Buffer.from(source.read(DIRECTORY_BYTES, count * ENTRY_BYTES));
  if (entries.length < count * ENTRY_BYTES)
    throw damaged('its directory ends early', source.length);
  const images = Array.from({ length: count }, (_, index) => {
    const entry = entries.subarray(index * ENTRY_BYTES);
    // 0 stands for 256.
    const side = Math.max(entry.readUInt8(0) || 256, entry.readUInt8(1) || 256);
    const [bytes, offset] = [entry.readUInt32LE(8), entry.readUInt32LE(12)];
    // Of a cursor the number of bits is the place of its hot spot, and so the file size decides.
    return { side, bytes, offset };
  });
  const [largest] = images.sort((a, b) => b.side - a.side || b.bytes - a.bytes);
  if (!largest || largest.offset + largest.bytes > source.length) {
    throw damaged('its largest image ends beyond the end of the file', source.length);
  }
  const bytes = Buffer.from(source.read(largest.offset, largest.bytes));
  if (bytes.subarray(1, 4).toString('latin1') === 'PNG') return { kind: 'png', bytes };
  return openBitmap(bytes, largest.offset);
}

/** Makes a BMP file of the colors: an icon lacks the file header, and counts the rows of colors and mask. */
function openBitmap(icon: Buffer, offset: number): IcoImage {
  if (icon.length < INFO_HEADER_BYTES || icon.readUInt32LE(0) !== INFO_HEADER_BYTES) {
    throw damaged('its largest image has no bitmap header', offset);
  }
  const bitsPerPixel = icon.readUInt16LE(14);
  const height = Math.floor(Math.abs(icon.readInt32LE(8)) / 2);
  const usedColors = icon.readUInt32LE(32);
  const colors =
    bitsPerPixel > 8 ? 0 : usedColors === 0 || usedColors > 256 ? 2 ** bitsPerPixel : usedColors;
  const hasAlpha = bitsPerPixel === 32;
  const info = Buffer.alloc(hasAlpha ? V4_HEADER_BYTES : INFO_HEADER_BYTES);
  icon.copy(info, 0, 0, INFO_HEADER_BYTES);
  info.writeUInt32LE(info.length, 0);
  info.writeInt32LE(height, 8);
  if (hasAlpha) {
    info.writeUInt32LE(BITFIELDS, 16);
    [0xff0000, 0xff00, 0xff, 0xff000000].forEach((mask, index) =>
      info.writeUInt32LE(mask, 40 + index * 4),
    );
  }
  const file = Buffer.alloc(BMP_FILE_HEADER_BYTES);
  file.write('BM', 'latin1');
  file.writeUInt32LE(BMP_FILE_HEADER_BYTES + info.length + colors * 4, 10);
  const pixels = memorySource(Buffer.concat([file, info, icon.subarray(INFO_HEADER_BYTES)]));
  const header = readBmpHeader(pixels);
  const rowBytes = Math.ceil((header.width * bitsPerPixel) / 32) * 4;
  return { kind: 'bmp', header, pixels, maskAt: header.pixelsAt + height * rowBytes };
}

/**
 * Decodes the bitmap of an icon to a baseline TIFF with alpha. Where the mask is 1, the screen shows through; images
 * with alpha do not need it.
 *
 * @throws MEDIA_CORRUPT
 */
export function decodeIcoBitmap({
  header,
  pixels,
  maskAt,
}: IcoImage & { kind: 'bmp' }): Uint8Array {
  const { width, height, hasAlpha } = header;
  const WHOLE = { across: 1, down: 1 };
  const { file, pixels: rgba } = createBaselineTiff({
    ...{ width, height, colorSamples: 3, alpha: 'straight' },
    ...{ orientation: 1, iccProfile: new Uint8Array() },
  });
  if (hasAlpha) {
    drawBmp(pixels, header, WHOLE, rgba);
    if (rgba.some((value, at) => at % 4 === 3 && value !== 255)) return file;
  } else {
    const rgb = new Uint8Array(width * height * 3);
    drawBmp(pixels, header, WHOLE, rgb);
    for (let at = 0; at < width * height; at++) rgba.set(rgb.subarray(at * 3, at * 3 + 3), at * 4);
  }
  const maskRowBytes = Math.ceil(width / 32) * 4;
  const mask = pixels.read(maskAt, maskRowBytes * height);
  for (let y = 0; y < height; y++) {
    const row = (height - 1 - y) * maskRowBytes;
    for (let x = 0; x < width; x++) {
      const isTransparent = (((mask[row + (x >> 3)] ?? 0) >> (7 - (x & 7))) & 1) === 1;
      rgba[(y * width + x) * 4 + 3] = isTransparent ? 0 : 255;
    }
  }
  return file;
}

function damaged(finding: string, byte: number) {
  return damagedImage({ format: 'ICO', finding, byte });
}
