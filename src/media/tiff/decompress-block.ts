import { constants, inflateSync } from 'node:zlib';

import { SalamandraError } from '../../errors/salamandra-error.js';
import { damagedImage, unsupportedFeature } from '../image-errors.js';
import { decodeWebpTile } from '../libvips.js';
import type { TiffFile } from './tiff-directory.js';
import { countBlocks, type TiffBlock, type TiffPage } from './tiff-page.js';
import { decompressLzw, isOldLzw } from './lzw.js';
import { nameCompression } from './tiff-names.js';

/** Returns up to `limit` bytes of a strip or tile, or an error if the data is invalid. */
type Decompress = (
  data: Uint8Array,
  limit: number,
  page: TiffPage,
) => Uint8Array | Promise<Uint8Array>;

/** The compression schemes whose strips and tiles are decoded here. */
const DECOMPRESS: ReadonlyMap<number, Decompress> = new Map<number, Decompress>([
  [1, (data) => data],
  [5, decompressStrictLzw],
  [8, inflate],
  [32_773, unpackBits],
  [32_946, inflate],
  [50_001, (data, _, page) => decodeWebpTile(data, page.samplesPerPixel)],
]);

/** Whether `decompressBlock` knows the compression scheme. */
export function canDecompress({ compression, samplesPerPixel, isPlanar, bits }: TiffPage): boolean {
  // A WebP tile holds whole pixels of 8 bits.
  const isWebp = compression === 50_001;
  if (isWebp && (isPlanar || bits !== 8 || samplesPerPixel < 3 || samplesPerPixel > 4))
    return false;
  return DECOMPRESS.has(compression);
}

/**
 * Reads and decompresses a strip or tile, bits in the order of TIFF.
 *
 * @param expected bytes that the caller needs.
 * @param limit bytes that the block may have: encoders may fill the last strip up to its full height.
 * @throws MEDIA_CORRUPT if the data is invalid or shorter than `expected`.
 */
export async function decompressBlock(
  { source }: TiffFile,
  page: TiffPage,
  block: TiffBlock,
  { expected, limit }: { readonly expected: number; readonly limit: number },
): Promise<Uint8Array> {
  const stored = source.read(
    block.offset,
    Math.min(block.bytes, page.compression === 1 ? limit : block.bytes),
  );
  const data = page.hasReversedBits ? reverseBits(stored) : stored;
  const decompress = DECOMPRESS.get(page.compression);
  if (!decompress) throw unsupportedCompression(page);
  let bytes: Uint8Array;
  try {
    bytes = await decompress(data, limit, page);
  } catch (cause) {
    throw cause instanceof SalamandraError ? cause : damagedBlock(page, block, 'is invalid', cause);
  }
  if (bytes.length < expected) {
    throw damagedBlock(page, block, `has ${bytes.length} of ${expected} bytes`);
  }
  return bytes;
}

export function unsupportedCompression(page: Pick<TiffPage, 'compression'>) {
  const remedy = 'Save it with LZW, Deflate or no compression.';
  return unsupportedFeature('TIFF', nameCompression(page.compression), remedy);
}

function damagedBlock(page: TiffPage, block: TiffBlock, finding: string, cause?: unknown) {
  const { kind } = page.grid;
  const place = `${kind} ${block.index + 1} of ${countBlocks(page, page.grid)}`;
  return damagedImage({
    format: 'TIFF',
    finding: `${place} ${finding}`,
    byte: block.offset,
    cause,
  });
}

function decompressStrictLzw(data: Uint8Array, limit: number): Uint8Array {
  if (isOldLzw(data)) {
    throw unsupportedFeature(
      'TIFF',
      'the LZW variant of TIFF 5',
      'Save it again in a current program.',
    );
  }
  return decompressLzw(data, limit);
}

/** zlib's data may lack its end, as some writers leave out the checksum. The length is checked afterwards. */
function inflate(data: Uint8Array, limit: number): Uint8Array {
  return inflateSync(data, { maxOutputLength: limit, finishFlush: constants.Z_SYNC_FLUSH });
}

/** Bytes after the last run: padding to a multiple of four. */
const MAX_PADDING_BYTES = 3;

/**
 * PackBits reads any bytes as runs, so data that goes on after the last pixel is taken for data of another scheme.
 * Source: TIFF 6.0, section 9.
 */
function unpackBits(data: Uint8Array, limit: number): Uint8Array {
  const result = new Uint8Array(limit);
  let written = 0;
  let at = 0;
  while (at < data.length && written < limit) {
    const header = ((data[at++] as number) << 24) >> 24;
    if (header >= 0) {
      const run = data.subarray(at, at + Math.min(header + 1, limit - written));
      result.set(run, written);
      written += run.length;
      at += header + 1;
    } else if (header !== -128) {
      const end = Math.min(written + 1 - header, limit);
      result.fill(data[at++] ?? 0, written, end);
      written = end;
    }
  }
  if (data.length - at > MAX_PADDING_BYTES) throw new RangeError('Data follow the last run.');
  return result.subarray(0, written);
}

const REVERSED = Uint8Array.from({ length: 256 }, (_, byte) => {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit += 1) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
});

function reverseBits(data: Uint8Array): Uint8Array {
  return Uint8Array.from(data, (byte) => REVERSED[byte] as number);
}
