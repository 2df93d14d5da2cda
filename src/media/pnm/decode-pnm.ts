import type { ByteSource } from '../byte-source.js';
import { damagedImage } from '../image-errors.js';
import { createReducer, type Reduction } from '../reduce-rows.js';
import { createBaselineTiff } from '../tiff/baseline-tiff.js';
import type { PnmHeader } from './read-pnm-header.js';

/**
 * Decodes a PBM, PGM, PPM or PAM file to a baseline TIFF with 8-bit samples, scaled from the maximum.
 *
 * @param reduction averages this many pixels into one.
 * @throws MEDIA_CORRUPT
 */
export function decodePnm(source: ByteSource, header: PnmHeader, reduction: Reduction): Uint8Array {
  const { width, height, samples, maximum, isInverted } = header;
  const { file, pixels } = createBaselineTiff({
    width: Math.ceil(width / reduction.across),
    height: Math.ceil(height / reduction.down),
    ...{ colorSamples: samples <= 2 ? 1 : 3, alpha: samples % 2 === 0 ? 'straight' : null },
    ...{ orientation: 1, iccProfile: new Uint8Array() },
  });
  const levels = Uint8Array.from({ length: maximum + 1 }, (_, value) =>
    Math.round(((isInverted ? maximum - value : value) * 255) / maximum),
  );
  const sink = createReducer(header, samples, reduction, pixels);
  const readRow = createRowReader(source, header);
  const row = new Uint8Array(width * samples);
  for (let y = 0; y < height; y++) {
    readRow(y, (at, value) => {
      // Values above the maximum are white.
      row[at] = levels[value > maximum ? maximum : value] as number;
    });
    sink(row, 1);
  }
  return file;
}

/** Reads a row, and passes each of its samples to `put`. Rows must be read in order. */
type ReadRow = (row: number, put: (at: number, value: number) => void) => void;

function createRowReader(source: ByteSource, header: PnmHeader): ReadRow {
  const { width, height, samples, maximum, encoding, pixelsAt } = header;
  const count = width * samples;
  if (encoding === 'text') return createTextReader(source, header, count);
  const sampleBytes = maximum > 255 ? 2 : 1;
  const rowBytes = encoding === 'bits' ? Math.ceil(width / 8) : count * sampleBytes;
  const end = pixelsAt + height * rowBytes;
  if (end > source.length) {
    const finding = `its pixels end at byte ${end}, beyond the end of the file`;
    throw damagedImage({ format: 'PNM', finding, byte: source.length });
  }
  return (row, put) => {
    const bytes = source.read(pixelsAt + row * rowBytes, rowBytes);
    for (let at = 0; at < count; at++) {
      if (encoding === 'bits') {
        put(at, ((bytes[at >> 3] as number) >> (7 - (at & 7))) & 1);
      } else if (sampleBytes === 1) {
        put(at, bytes[at] as number);
      } else {
        put(at, ((bytes[at * 2] as number) << 8) | (bytes[at * 2 + 1] as number));
      }
    }
  };
}

/** Bytes of the text that are read at once. */
const CHUNK_BYTES = 1_000_000;

const [ZERO, NINE, HASH, NEWLINE] = [0x30, 0x39, 0x23, 0x0a];

/** Decimal numbers between white space and comments. The digits of bitmaps need no space between them. */
function createTextReader(source: ByteSource, header: PnmHeader, count: number): ReadRow {
  let chunk: Uint8Array = new Uint8Array();
  let next = 0;
  let offset = header.pixelsAt;
  const readByte = (): number => {
    if (next === chunk.length) {
      chunk = source.read(offset, CHUNK_BYTES);
      offset += chunk.length;
      next = 0;
    }
    return chunk[next++] ?? -1;
  };
  const readNumber = (): number => {
    let byte = readByte();
    while (byte !== -1 && (byte < ZERO || byte > NINE)) {
      if (byte === HASH) while (byte !== NEWLINE && byte !== -1) byte = readByte();
      if (byte !== -1) byte = readByte();
    }
    if (byte === -1) {
      const finding = 'its last pixels are missing';
      throw damagedImage({ format: 'PNM', finding, byte: source.length });
    }
    if (header.isInverted) return byte - ZERO;
    let value = 0;
    for (; byte >= ZERO && byte <= NINE; byte = readByte()) value = value * 10 + byte - ZERO;
    return value;
  };
  return (_, put) => {
    for (let at = 0; at < count; at++) put(at, readNumber());
  };
}
