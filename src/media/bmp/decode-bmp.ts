import type { ByteSource } from '../byte-source.js';
import { damagedImage } from '../image-errors.js';
import { createReducer, type Reduction } from '../reduce-rows.js';
import { createBaselineTiff } from '../tiff/baseline-tiff.js';
import type { BmpEncoding, BmpHeader } from './read-bmp-header.js';

/**
 * Decodes a BMP file to a baseline TIFF with 8-bit RGB samples, and alpha if the file declares a mask for it.
 *
 * @param reduction averages this many pixels into one.
 * @throws MEDIA_CORRUPT
 */
export function decodeBmp(source: ByteSource, header: BmpHeader, reduction: Reduction): Uint8Array {
  const { file, pixels } = createBaselineTiff({
    width: Math.ceil(header.width / reduction.across),
    height: Math.ceil(header.height / reduction.down),
    ...{ colorSamples: 3, alpha: header.hasAlpha ? 'straight' : null },
    ...{ orientation: 1, iccProfile: new Uint8Array() },
  });
  drawBmp(source, header, reduction, pixels);
  return file;
}

/**
 * Decodes the pixels alone, to RGB or RGBA.
 *
 * @throws MEDIA_CORRUPT
 */
export function drawBmp(
  source: ByteSource,
  header: BmpHeader,
  reduction: Reduction,
  pixels: Uint8Array,
): void {
  const { width, height, encoding, hasAlpha } = header;
  const channels = hasAlpha ? 4 : 3;
  const sink = createReducer(header, channels, reduction, pixels);
  const convert = createRowConverter(header);
  const readRow = isRunLength(encoding)
    ? expandRuns(source, header)
    : createRowReader(source, header);
  const row = new Uint8Array(width * channels);
  for (let y = 0; y < height; y++) {
    convert(readRow(header.isTopDown ? y : height - 1 - y), row);
    sink(row, 1);
  }
  if (hasAlpha) fillEmptyAlpha(pixels);
}

/** Writers that know no alpha leave it 0 in all pixels, though the header has a mask for it. */
function fillEmptyAlpha(rgba: Uint8Array): void {
  for (let at = 3; at < rgba.length; at += 4) if (rgba[at] !== 0) return;
  for (let at = 3; at < rgba.length; at += 4) rgba[at] = 255;
}

function isRunLength(encoding: BmpEncoding): boolean {
  return encoding.kind === 'indexed' && encoding.isRunLength;
}

/** The bytes of a stored row, counted from the first one in the file. Rows are padded to four bytes. */
function createRowReader(
  source: ByteSource,
  { width, height, bitsPerPixel, pixelsAt }: BmpHeader,
): (row: number) => Uint8Array {
  const rowBytes = Math.ceil((width * bitsPerPixel) / 8);
  const stride = Math.ceil(rowBytes / 4) * 4;
  const end = pixelsAt + (height - 1) * stride + rowBytes;
  if (end > source.length) {
    const finding = `its pixels end at byte ${end}, beyond the end of the file`;
    throw damagedImage({ format: 'BMP', finding, byte: source.length });
  }
  return (row) => source.read(pixelsAt + row * stride, rowBytes);
}

/**
 * Expands run lengths of 8 or 4 bits to rows of one byte or half a byte per pixel. Pixels that the runs leave out have
 * index 0. Source: Microsoft, "Bitmap Compression".
 */
function expandRuns(
  source: ByteSource,
  { width, height, bitsPerPixel, pixelsAt }: BmpHeader,
): (row: number) => Uint8Array {
  const indices = new Uint8Array(width * height);
  const data = source.read(pixelsAt, source.length - pixelsAt);
  let [x, y] = [0, 0];
  let isEnded = false;
  const put = (index: number) => {
    if (x < width && y < height) indices[y * width + x] = index;
    x += 1;
  };
  const pixelOf = (at: number, pixel: number) => {
    if (bitsPerPixel === 8) return data[at + pixel] ?? 0;
    const pair = data[at + (pixel >> 1)] ?? 0;
    return pixel % 2 === 0 ? pair >> 4 : pair & 0xf;
  };

  for (let at = 0; at + 2 <= data.length && !isEnded;) {
    const [count = 0, value = 0] = [data[at], data[at + 1]];
    at += 2;
    if (count > 0) {
      for (let pixel = 0; pixel < count; pixel++)
        put(pixelOf(at - 1, bitsPerPixel === 8 ? 0 : pixel % 2));
    } else if (value === 0) {
      x = 0;
      y += 1;
    } else if (value === 1) {
      isEnded = true;
    } else if (value === 2) {
      x += data[at] ?? 0;
      y += data[at + 1] ?? 0;
      at += 2;
    } else {
      const bytes = bitsPerPixel === 8 ? value : Math.ceil(value / 2);
      if (at + bytes > data.length) break;
      for (let pixel = 0; pixel < value; pixel++) put(pixelOf(at, pixel));
      at += bytes + (bytes % 2);
    }
  }
  const isComplete = isEnded || y >= height || (y === height - 1 && x >= width);
  if (!isComplete) {
    const finding = `its runs end in row ${y + 1} of ${height}`;
    throw damagedImage({ format: 'BMP', finding, byte: source.length });
  }
  return (row) => indices.subarray(row * width, (row + 1) * width);
}

/** Converts the stored bytes of a row to RGB or RGBA. */
function createRowConverter(header: BmpHeader): (stored: Uint8Array, row: Uint8Array) => void {
  const { width, encoding, bitsPerPixel } = header;
  switch (encoding.kind) {
    case 'indexed': {
      const { palette } = encoding;
      const bits = encoding.isRunLength ? 8 : bitsPerPixel;
      const perByte = 8 / bits;
      const mask = 2 ** bits - 1;
      return (stored, row) => {
        for (let x = 0; x < width; x++) {
          const byte = stored[Math.floor(x / perByte)] as number;
          const color = ((byte >> (8 - bits - (x % perByte) * bits)) & mask) * 3;
          row[x * 3] = palette[color] as number;
          row[x * 3 + 1] = palette[color + 1] as number;
          row[x * 3 + 2] = palette[color + 2] as number;
        }
      };
    }
    case 'bytes':
      return (stored, row) => {
        for (let at = 0; at < width * 3; at += 3) {
          row[at] = stored[at + 2] as number;
          row[at + 1] = stored[at + 1] as number;
          row[at + 2] = stored[at] as number;
        }
      };
    case 'masked': {
      const channels = encoding.masks
        .filter((mask, index) => index < 3 || mask !== 0)
        .map(createChannel);
      const bytes = bitsPerPixel / 8;
      return (stored, row) => {
        const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
        for (let x = 0, to = 0; x < width; x++) {
          const pixel = bytes === 2 ? view.getUint16(x * 2, true) : view.getUint32(x * 4, true);
          for (const channel of channels) row[to++] = channel(pixel);
        }
      };
    }
  }
}

/** Extracts the bits of a mask, scaled to 0 to 255. An empty mask gives 0. */
function createChannel(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const most = mask >>> shift;
  return (pixel) => Math.round((((pixel & mask) >>> shift) * 255) / most);
}
