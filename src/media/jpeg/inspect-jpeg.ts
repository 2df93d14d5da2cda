import type { ByteSource } from '../byte-source.js';

/** What the frame header of a JPEG file declares. */
export interface JpegFrame {
  /** The second byte of the SOF marker: 0xC0 baseline, 0xC2 progressive, 0xC3 lossless and so on. */
  readonly marker: number;
  /** Bits per sample. */
  readonly precision: number;
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Samples of all components: 3 per pixel without chroma subsampling, 1.5 with 4:2:0. */
  readonly sampledPixels: number;
  /** Whether an Exif segment precedes the frame. */
  readonly hasExif: boolean;
}

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const APP1 = 0xe1;

/** Markers without a segment: TEM, RSTn. */
function isStandalone(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}

/** SOF markers: 0xC0 to 0xCF except DHT, JPG and DAC; 0xF7 is that of JPEG-LS. */
function isFrameHeader(marker: number): boolean {
  const isSof = marker >= 0xc0 && marker <= 0xcf;
  return (isSof && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) || marker === 0xf7;
}

/** Segments before the frame header. Cameras write about 20, and ICC profiles up to 255. */
const MAX_SEGMENTS = 1_000;

/**
 * Reads the frame header of the JPEG file at `offset`. Source: ITU-T T.81, annex B.
 *
 * @returns `null` if there is no frame header before the first scan.
 */
export function inspectJpeg(source: ByteSource, offset = 0): JpegFrame | null {
  const start = source.read(offset, 2);
  if (start[0] !== 0xff || start[1] !== SOI) return null;
  let hasExif = false;
  let at = offset + 2;
  for (let segments = 0; segments < MAX_SEGMENTS; segments += 1) {
    const bytes = source.read(at, 10);
    if (bytes.length < 4 || bytes[0] !== 0xff) return null;
    const marker = bytes[1] as number;
    if (marker === 0xff) {
      // Fill byte.
      at += 1;
      continue;
    }
    if (isStandalone(marker)) {
      at += 2;
      continue;
    }
    if (marker === SOS || marker === EOI || marker === SOI) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (isFrameHeader(marker)) {
      if (bytes.length < 10) return null;
      const components = view.getUint8(9);
      const [height, width] = [view.getUint16(5), view.getUint16(7)];
      const factors = source.read(at + 10, components * 3).filter((_, index) => index % 3 === 1);
      return {
        ...{ marker, width, height, components, hasExif },
        precision: view.getUint8(4),
        sampledPixels: width * height * sumSampling(factors),
      };
    }
    if (marker === APP1 && Buffer.from(bytes.subarray(4, 8)).toString('latin1') === 'Exif')
      hasExif = true;
    at += 2 + view.getUint16(2);
  }
  return null;
}

/** Samples per pixel. Each byte holds a horizontal and a vertical sampling factor, relative to the largest. */
function sumSampling(factors: Uint8Array): number {
  const pairs = [...factors].map((byte) => [byte >> 4, byte & 0xf] as const);
  const across = Math.max(1, ...pairs.map(([horizontal]) => horizontal));
  const down = Math.max(1, ...pairs.map(([, vertical]) => vertical));
  return pairs.reduce(
    (sum, [horizontal, vertical]) => sum + (horizontal * vertical) / (across * down),
    0,
  );
}

/** The names of JPEG's processes that libjpeg does not decode, by SOF marker (ITU-T T.81, table B.1). */
const UNSUPPORTED_PROCESSES: ReadonlyMap<number, string> = new Map([
  [0xc3, 'lossless coding'],
  [0xc5, 'hierarchical coding'],
  [0xc6, 'hierarchical coding'],
  [0xc7, 'hierarchical coding'],
  [0xcb, 'lossless coding'],
  [0xcd, 'hierarchical coding'],
  [0xce, 'hierarchical coding'],
  [0xcf, 'hierarchical coding'],
  [0xf7, 'JPEG-LS coding'],
]);

/** Pixels per side that libjpeg accepts (`JPEG_MAX_DIMENSION`), below the 65,535 of the format. */
const MAX_JPEG_SIDE = 65_500;

/** The feature of a JPEG file that libjpeg cannot decode, as a noun phrase; `null` if there is none. */
export function findUnsupportedJpeg(frame: JpegFrame): string | null {
  const { marker, precision, components, width, height } = frame;
  const process = UNSUPPORTED_PROCESSES.get(marker);
  if (process !== undefined) return process;
  if (precision !== 8) return `${precision} bits per sample`;
  if (components === 2 || components > 4) return `${components} color components`;
  if (Math.max(width, height) > MAX_JPEG_SIDE) return `a side of more than ${MAX_JPEG_SIDE} pixels`;
  return null;
}

/**
 * How a JPEG file ends: with an end marker, without one but with all its coefficients at full precision, or with some
 * of them missing. The data of the last scan itself is left to the decoder.
 */
export type JpegEnd = 'marked' | 'unmarked' | 'truncated';

/** Bits of a coefficient, more than any file has. */
const UNSENT = 14;

export function findJpegEnd(bytes: Uint8Array): JpegEnd {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** By component: the lowest bit that has been sent of each of its 64 coefficients. */
  const lowestBits = new Map<number, Int8Array>();
  let at = 2;
  while (at + 2 <= buffer.length) {
    const marker = buffer[at + 1] as number;
    if (buffer[at] !== 0xff) return 'truncated';
    if (marker === EOI) return 'marked';
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    const length = isStandalone(marker)
      ? 0
      : at + 4 > buffer.length
        ? Infinity
        : buffer.readUInt16BE(at + 2);
    const end = at + 2 + length;
    if (end > buffer.length) return 'truncated';
    if (isFrameHeader(marker)) {
      // Length, precision, height, width and component count, then three bytes per component.
      for (let id = at + 10; id + 3 <= end; id += 3) {
        lowestBits.set(buffer[id] as number, new Int8Array(64).fill(UNSENT));
      }
    }
    if (marker === SOS) {
      noteScan(buffer.subarray(at, end), lowestBits);
      at = findMarker(buffer, end);
    } else {
      at = end;
    }
  }
  const isComplete = [...lowestBits.values()].every((bits) => bits.every((bit) => bit === 0));
  return lowestBits.size > 0 && isComplete ? 'unmarked' : 'truncated';
}

/** Notes what the scan of an SOS segment sends: frequencies `first` to `last` of its components, down to `lowest`. */
function noteScan(segment: Uint8Array, lowestBits: ReadonlyMap<number, Int8Array>): void {
  const components = segment[4] ?? 0;
  const parameters = 5 + components * 2;
  const first = segment[parameters] ?? 0;
  const last = segment[parameters + 1] ?? 0;
  const lowest = (segment[parameters + 2] ?? 0) & 0xf;
  for (let component = 0; component < components; component += 1) {
    lowestBits.get(segment[5 + component * 2] ?? -1)?.fill(lowest, first, last + 1);
  }
}

/** The offset of the next marker in entropy-coded data that does not belong to the data; the end without one. */
function findMarker(buffer: Buffer, from: number): number {
  for (let at = buffer.indexOf(0xff, from); at !== -1;) {
    const next = buffer[at + 1];
    if (next === undefined) return at;
    const isData = next === 0 || isStandalone(next);
    if (!isData && next !== 0xff) return at;
    at = buffer.indexOf(0xff, at + (isData ? 2 : 1));
  }
  return buffer.length;
}
