import { MAX_TIFF_BLOCK_BYTES } from '../../config/limits.js';
import { grouped, imageTooLarge, unsupportedFeature } from '../image-errors.js';
import { createReducer, type Reduction } from '../reduce-rows.js';
import { createBaselineTiff } from './baseline-tiff.js';
import { decompressBlock } from './decompress-block.js';
import { createPixelConverter, type ConvertRow, type PixelConverter } from './pixel-converter.js';
import { needsExtremes } from './sample-range.js';
import { expandSubsampled, readSubsampling, subsampledBytes } from './tiff-colors.js';
import { TAG, type TiffFile } from './tiff-directory.js';
import { PHOTOMETRIC } from './tiff-names.js';
import { blockAt, blockBytes, type TiffPage } from './tiff-page.js';
import { readSamples, type SampleRows, type Samples } from './tiff-samples.js';

/**
 * The converter of a page, which knows the range of its samples. It reads the page as far as needed for that.
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE, MEDIA_TOO_LARGE
 */
export async function scanTiff(file: TiffFile, original: TiffPage): Promise<PixelConverter> {
  const page = splitStrips(original);
  checkBlockBytes(page);
  const converter = createPixelConverter(page);
  if (!needsExtremes(page) || !converter.usesRange) return converter;
  for await (const { samples, layout } of readBlocks(file, page)) {
    converter.scan(samples, layout);
    if (converter.isFull16BitRange) break;
  }
  return converter;
}

/**
 * Decodes a page of any sample type to a baseline TIFF with 8-bit samples, which keeps alpha, orientation and color
 * profile. The strips or tiles are read one row of them at a time, so that memory grows with the result only.
 *
 * @param converter of `scanTiff`.
 * @param reduction averages this many pixels into one.
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export async function decodeTiff(
  file: TiffFile,
  original: TiffPage,
  converter: PixelConverter,
  reduction: Reduction,
): Promise<Uint8Array> {
  const page = splitStrips(original);
  const { colorSamples, alpha } = converter;
  const { file: result, pixels } = createBaselineTiff({
    width: Math.ceil(page.width / reduction.across),
    height: Math.ceil(page.height / reduction.down),
    ...{ colorSamples, alpha },
    orientation: page.directory.number(TAG.orientation) ?? 1,
    iccProfile: page.directory.bytes(TAG.iccProfile),
  });
  const sink = createReducer(page, converter.channels, reduction, pixels);
  const convert = converter.createConvert();
  let band = new Uint8Array();
  for await (const block of readBlocks(file, page)) {
    const rows = Math.min(block.layout.rows, page.height - block.y);
    if (block.x === 0) band = new Uint8Array(rows * page.width * converter.channels);
    drawBlock(page, converter.channels, convert, block, { rows, bytes: band });
    const isLastOfRow = block.x + block.layout.width >= page.width;
    if (isLastOfRow) sink(band, rows);
  }
  return result;
}

/** The samples of a strip or tile, and its place in the picture. */
interface DecodedBlock {
  readonly x: number;
  readonly y: number;
  readonly samples: Samples;
  readonly layout: BlockLayout;
}

/** Interleaved samples; `stride` is the number of samples per pixel. */
interface BlockLayout extends SampleRows {
  readonly width: number;
}

/** Decodes the strips or tiles in row-major order, all planes of one at a time. */
async function* readBlocks(file: TiffFile, page: TiffPage): AsyncGenerator<DecodedBlock> {
  const { grid } = page;
  for (let index = 0; index < grid.across * grid.down; index += 1) {
    const x = (index % grid.across) * grid.width;
    const y = Math.floor(index / grid.across) * grid.height;
    // Tiles are stored in full, the last strip is not.
    const rows = grid.kind === 'tile' ? grid.height : Math.min(grid.height, page.height - y);
    const shape = { width: grid.width, rows };
    const decoded = page.isPlanar
      ? await readPlanes(file, page, index, shape)
      : await readInterleaved(file, page, index, shape);
    yield { x, y, ...decoded };
  }
}

interface BlockShape {
  readonly width: number;
  readonly rows: number;
}

async function readInterleaved(
  file: TiffFile,
  page: TiffPage,
  index: number,
  { width, rows }: BlockShape,
): Promise<{ readonly samples: Samples; readonly layout: BlockLayout }> {
  const { grid } = page;
  const block = blockAt(grid, index);
  const stride = page.samplesPerPixel;
  const layout = { width, rows, stride, rowSamples: width * stride };
  if (isSubsampled(page)) {
    const factors = readSubsampling(page);
    const expected = subsampledBytes(factors, width, rows);
    const limit = Math.max(
      blockBytes(page, width, grid.height),
      subsampledBytes(factors, width, grid.height),
    );
    const units = await decompressBlock(file, page, block, { expected, limit });
    // Writers forget the tag, whose default is 2 × 2, in files without subsampling.
    const isFull = !page.directory.has(TAG.yCbCrSubSampling) && units.length >= width * rows * 3;
    return { samples: isFull ? units : expandSubsampled(units, factors, width, rows), layout };
  }
  return { samples: await readBlock(file, page, block, layout), layout };
}

/** Decompresses a block whose samples are stored as they are, without chroma subsampling. */
async function readBlock(
  file: TiffFile,
  page: TiffPage,
  block: ReturnType<typeof blockAt>,
  layout: BlockLayout,
): Promise<Samples> {
  const bytes = await decompressBlock(file, page, block, {
    expected: blockBytes(page, layout.width, layout.rows),
    limit: blockBytes(page, layout.width, page.grid.height),
  });
  return readSamples(bytes, page, layout, file.littleEndian);
}

function isSubsampled(page: TiffPage): boolean {
  if (page.photometric !== PHOTOMETRIC.yCbCr) return false;
  const { across, down } = readSubsampling(page);
  if (across === 1 && down === 1) return false;
  if (page.isPlanar || page.predictor !== 1 || page.samplesPerPixel !== 3) {
    const feature = 'subsampled YCbCr in separate planes, with a predictor or with extra samples';
    throw unsupportedFeature('TIFF', feature, 'Save it as an 8-bit RGB TIFF.');
  }
  return true;
}

async function readPlanes(
  file: TiffFile,
  page: TiffPage,
  index: number,
  { width, rows }: BlockShape,
): Promise<{ readonly samples: Samples; readonly layout: BlockLayout }> {
  const { grid, samplesPerPixel: stride } = page;
  const plane = { width, rows, rowSamples: width, stride: 1 };
  let interleaved: Samples | undefined;
  for (let sample = 0; sample < stride; sample += 1) {
    const block = blockAt(grid, sample * grid.across * grid.down + index);
    const samples = await readBlock(file, page, block, plane);
    interleaved ??= new (samples.constructor as new (length: number) => Samples)(
      width * rows * stride,
    );
    for (let at = 0, to = sample; at < width * rows; at++, to += stride) {
      interleaved[to] = samples[at] as number;
    }
  }
  const layout = { width, rows, stride, rowSamples: width * stride };
  return { samples: interleaved ?? new Uint8Array(), layout };
}

/** Bytes of a piece of an uncompressed strip that is read at once. */
const STRIP_PIECE_BYTES = 4_000_000;

/** Cuts long uncompressed strips into pieces, because files with a single strip are common. */
function splitStrips(page: TiffPage): TiffPage {
  const { grid, compression } = page;
  if (compression !== 1 || grid.kind === 'tile' || page.photometric === PHOTOMETRIC.yCbCr)
    return page;
  const rowBytes = blockBytes(page, page.width, 1);
  const wanted = Math.max(1, Math.floor(STRIP_PIECE_BYTES / rowBytes));
  if (wanted >= grid.height) return page;
  // All pieces of a strip have the same height, unless there is only one strip.
  const height = grid.down === 1 ? wanted : largestDivisor(grid.height, wanted);
  const down = Math.ceil(page.height / height);
  const planes = page.isPlanar ? page.samplesPerPixel : 1;
  const offsets: number[] = [];
  for (let plane = 0; plane < planes; plane += 1) {
    for (let row = 0; row < page.height; row += height) {
      const strip = plane * grid.down + Math.floor(row / grid.height);
      offsets.push((grid.offsets[strip] ?? 0) + (row % grid.height) * rowBytes);
    }
  }
  const byteCounts = offsets.map(() => height * rowBytes);
  return { ...page, grid: { ...grid, height, down, offsets, byteCounts } };
}

function largestDivisor(value: number, limit: number): number {
  for (let divisor = limit; divisor > 1; divisor -= 1) if (value % divisor === 0) return divisor;
  return 1;
}

function checkBlockBytes(page: TiffPage): void {
  const { grid } = page;
  const planes = page.isPlanar ? page.samplesPerPixel : 1;
  const bytes = blockBytes(page, grid.width, grid.height) * planes;
  if (bytes <= MAX_TIFF_BLOCK_BYTES) return;
  const message = `The ${grid.kind}s of the TIFF file have ${grouped(bytes)} bytes each without compression. The limit is ${grouped(MAX_TIFF_BLOCK_BYTES)} bytes. Save it in smaller strips or tiles, or without compression.`;
  throw imageTooLarge('bytes', bytes, MAX_TIFF_BLOCK_BYTES, message);
}

/** Converts the part of a strip or tile that lies inside the picture. */
function drawBlock(
  page: TiffPage,
  channels: number,
  convert: ConvertRow,
  { x, samples, layout }: DecodedBlock,
  band: { readonly rows: number; readonly bytes: Uint8Array },
): void {
  const columns = Math.min(layout.width, page.width - x);
  for (let row = 0; row < band.rows; row++) {
    const to = (row * page.width + x) * channels;
    convert(samples, row * layout.rowSamples, columns, band.bytes, to);
  }
}
