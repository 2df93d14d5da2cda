import { unsupportedFeature } from '../image-errors.js';
import type { TiffPage } from './tiff-page.js';

/** Samples of a strip or tile in their own type: integers up to 32 bits, or floating point. */
export type Samples =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

const REMEDY = 'Save it as an 8-bit or 16-bit RGB TIFF.';

/** @throws UNSUPPORTED_FEATURE unless `readSamples` can read the samples. */
export function checkSampleType({ bits, sampleFormat, predictor }: TiffPage): void {
  const isSupported =
    sampleFormat === 'float'
      ? bits === 16 || bits === 32 || bits === 64
      : bits <= 32 && (sampleFormat === 'uint' || isWholeType(bits));
  if (!isSupported) {
    const kind = { uint: 'unsigned', int: 'signed', float: 'floating-point' }[sampleFormat];
    throw unsupportedFeature('TIFF', `${kind} samples of ${bits} bits`, REMEDY);
  }
  const isPredicted = predictor !== 1;
  const isKnownPredictor = predictor === 2 ? isWholeType(bits) : sampleFormat === 'float';
  if (isPredicted && (predictor > 3 || !isKnownPredictor)) {
    const feature = `predictor ${predictor} for samples of ${bits} bits`;
    throw unsupportedFeature('TIFF', feature, REMEDY);
  }
}

function isWholeType(bits: number): boolean {
  return bits === 8 || bits === 16 || bits === 32;
}

/** The rows of a strip or tile of one plane, or of all samples if they are interleaved. */
export interface SampleRows {
  readonly rows: number;
  /** Samples per row, and the distance between samples of the same channel. */
  readonly rowSamples: number;
  readonly stride: number;
}

/**
 * Decodes the samples of a decompressed strip or tile: byte order, bit packing and predictor. Rows start at whole
 * bytes. The bytes may be changed.
 *
 * Sources: TIFF 6.0, sections 14 (predictor) and 19; Adobe Photoshop TIFF technical note 3 (floating-point predictor
 * and half precision).
 */
export function readSamples(
  bytes: Uint8Array,
  page: Pick<TiffPage, 'bits' | 'sampleFormat' | 'predictor'>,
  layout: SampleRows,
  littleEndian: boolean,
): Samples {
  const { bits, sampleFormat, predictor } = page;
  const count = layout.rows * layout.rowSamples;
  if (predictor === 3) {
    return undoFloatPredictor(bytes, bits, layout);
  }
  if (bits === 8) {
    const { buffer, byteOffset } = bytes;
    const samples = new Uint8Array(buffer, byteOffset, count);
    if (predictor === 2) sumRows(samples, layout);
    return sampleFormat === 'int' ? new Int8Array(buffer, byteOffset, count) : samples;
  }
  if (bits === 16 || bits === 32) {
    const words = readWords(bytes, bits, count, littleEndian);
    if (predictor === 2) sumRows(words, layout);
    const { buffer, byteOffset } = words;
    if (sampleFormat === 'float') {
      return bits === 16 ? widenHalves(words) : new Float32Array(buffer, byteOffset, count);
    }
    if (sampleFormat === 'uint') return words;
    return bits === 16
      ? new Int16Array(buffer, byteOffset, count)
      : new Int32Array(buffer, byteOffset, count);
  }
  if (sampleFormat === 'float') return readDoubles(bytes, count, littleEndian);
  if (bits === 24 && littleEndian) return readTriples(bytes, count);
  return unpackBits(bytes, bits, layout);
}

function readWords(
  bytes: Uint8Array,
  bits: 16 | 32,
  count: number,
  littleEndian: boolean,
): Uint16Array | Uint32Array {
  const copy = Buffer.from(bytes.subarray(0, (count * bits) / 8));
  if (!littleEndian) {
    if (bits === 16) copy.swap16();
    else copy.swap32();
  }
  // A small Buffer is a part of a pool, at any offset.
  const { buffer, byteOffset } = copy.byteOffset % 4 === 0 ? copy : new Uint8Array(copy);
  return bits === 16
    ? new Uint16Array(buffer, byteOffset, count)
    : new Uint32Array(buffer, byteOffset, count);
}

function readDoubles(bytes: Uint8Array, count: number, littleEndian: boolean): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, count * 8);
  return Float64Array.from({ length: count }, (_, index) =>
    view.getFloat64(index * 8, littleEndian),
  );
}

/** Little-endian samples of 24 bits. Big-endian ones are packed bits. */
function readTriples(bytes: Uint8Array, count: number): Uint32Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint32Array.from({ length: count }, (_, index) => buffer.readUIntLE(index * 3, 3));
}

/** Undoes horizontal differencing. The arithmetic wraps in the width of the array's type, as intended. */
function sumRows(
  samples: Uint8Array | Uint16Array | Uint32Array,
  { rows, rowSamples, stride }: SampleRows,
): void {
  for (let row = 0; row < rows; row++) {
    const start = row * rowSamples;
    for (let at = start + stride; at < start + rowSamples; at++) {
      samples[at] = (samples[at] as number) + (samples[at - stride] as number);
    }
  }
}

/**
 * The bytes of a row are differenced, and grouped by significance: all most significant bytes first, in any byte order
 * of the file.
 */
function undoFloatPredictor(
  bytes: Uint8Array,
  bits: number,
  { rows, rowSamples, stride }: SampleRows,
): Float32Array | Float64Array {
  const width = bits / 8;
  const rowBytes = rowSamples * width;
  const bigEndian = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    const start = row * rowBytes;
    for (let at = start + stride; at < start + rowBytes; at++) {
      bytes[at] = (bytes[at] as number) + (bytes[at - stride] as number);
    }
    for (let index = 0; index < rowSamples; index++) {
      for (let byte = 0; byte < width; byte++) {
        bigEndian[start + index * width + byte] = bytes[
          start + byte * rowSamples + index
        ] as number;
      }
    }
  }
  const count = rows * rowSamples;
  if (bits === 64) return readDoubles(bigEndian, count, false);
  const words = readWords(bigEndian, bits === 16 ? 16 : 32, count, false);
  return bits === 16 ? widenHalves(words) : new Float32Array(words.buffer, words.byteOffset, count);
}

/** IEEE 754 half precision to single precision. */
function widenHalves(halves: ArrayLike<number>): Float32Array {
  return Float32Array.from(halves, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/** Unsigned samples of any width, most significant bit first; rows are padded to whole bytes. */
function unpackBits(
  bytes: Uint8Array,
  bits: number,
  { rows, rowSamples }: SampleRows,
): Uint8Array | Uint16Array | Uint32Array {
  const SamplesOf = bits <= 8 ? Uint8Array : bits <= 16 ? Uint16Array : Uint32Array;
  const samples = new SamplesOf(rows * rowSamples);
  const rowBytes = Math.ceil((rowSamples * bits) / 8);
  for (let row = 0; row < rows; row++) {
    let at = row * rowBytes;
    let buffer = 0;
    let buffered = 0;
    for (let index = 0; index < rowSamples; index++) {
      // Arithmetic instead of shifts: up to 39 bits are buffered.
      while (buffered < bits) {
        buffer = buffer * 256 + (bytes[at++] as number);
        buffered += 8;
      }
      const rest = 2 ** (buffered - bits);
      samples[row * rowSamples + index] = Math.floor(buffer / rest);
      buffer %= rest;
      buffered -= bits;
    }
  }
  return samples;
}
