import { damagedImage, unsupportedFeature } from '../image-errors.js';
import { TAG, type TiffDirectory, type TiffFile } from './tiff-directory.js';
import { PHOTOMETRIC } from './tiff-names.js';

/** SampleFormat. `uint` also stands for samples without a declared format. */
export type SampleFormat = 'uint' | 'int' | 'float';

/** One strip or tile of one plane. */
export interface TiffBlock {
  readonly index: number;
  readonly offset: number;
  readonly bytes: number;
}

/** How the pixels of a page are cut into strips or tiles. */
export interface BlockGrid {
  readonly kind: 'strip' | 'tile';
  /** Pixels of a block. The last strip is cut off at the end of the image, tiles are padded. */
  readonly width: number;
  readonly height: number;
  readonly across: number;
  readonly down: number;
  /** Offsets and lengths in the file, row-major, one plane after the other. */
  readonly offsets: readonly number[];
  readonly byteCounts: readonly number[];
}

/** What a directory says of its picture. */
export interface TiffPage {
  readonly directory: TiffDirectory;
  readonly width: number;
  readonly height: number;
  readonly samplesPerPixel: number;
  /** Bits of each sample. */
  readonly bits: number;
  readonly sampleFormat: SampleFormat;
  readonly photometric: number;
  readonly compression: number;
  /** Whether each sample has a plane of its own (PlanarConfiguration 2). */
  readonly isPlanar: boolean;
  readonly predictor: number;
  /** Samples that carry color: 1, 3 or 4. */
  readonly colorSamples: number;
  /** Meaning of the samples after the color: 0 unspecified, 1 premultiplied alpha, 2 alpha. */
  readonly extraSamples: readonly number[];
  /** Whether the bits of each byte are stored in reverse. */
  readonly hasReversedBits: boolean;
  readonly grid: BlockGrid;
}

const REMEDY = 'Save it as an 8-bit RGB TIFF.';

/** Samples per color space; 1 for the others. */
const COLOR_SAMPLES: ReadonlyMap<number, number> = new Map([
  [PHOTOMETRIC.rgb, 3],
  [PHOTOMETRIC.separated, 4],
  [PHOTOMETRIC.yCbCr, 3],
  [PHOTOMETRIC.cieLab, 3],
  [PHOTOMETRIC.iccLab, 3],
]);

/** The schemes that apply the predictor: LZW and Deflate. libtiff ignores the tag for the others. */
const PREDICTED_COMPRESSIONS: ReadonlySet<number> = new Set([5, 8, 32_946]);

const SAMPLE_FORMATS: ReadonlyMap<number, SampleFormat> = new Map([
  [1, 'uint'],
  [2, 'int'],
  [3, 'float'],
  // Undefined data is unsigned, as in libtiff.
  [4, 'uint'],
]);

/** Width and height in pixels; 0 where the tag is missing. */
export function readPageSize(directory: TiffDirectory): { width: number; height: number } {
  return {
    width: directory.number(TAG.width) ?? 0,
    height: directory.number(TAG.height) ?? 0,
  };
}

/**
 * Reads the tags that describe the pixels of a page, and checks that its strips or tiles lie inside the file.
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export function readPage(file: TiffFile, directory: TiffDirectory): TiffPage {
  const { width, height } = readPageSize(directory);
  if (width < 1 || height < 1) throw damaged(directory, 'its width or height is missing or 0');
  const samplesPerPixel = directory.number(TAG.samplesPerPixel) ?? 1;
  const photometric = directory.number(TAG.photometric) ?? PHOTOMETRIC.blackIsZero;
  const colorSamples = COLOR_SAMPLES.get(photometric) ?? 1;
  const compression = directory.number(TAG.compression) ?? 1;
  if (samplesPerPixel < colorSamples) {
    throw damaged(
      directory,
      `it has ${samplesPerPixel} samples per pixel instead of ${colorSamples}`,
    );
  }
  const page = {
    ...{ directory, width, height, samplesPerPixel, photometric, colorSamples },
    bits: readBits(directory),
    sampleFormat: readSampleFormat(directory),
    compression,
    isPlanar: samplesPerPixel > 1 && directory.number(TAG.planarConfiguration) === 2,
    predictor: PREDICTED_COMPRESSIONS.has(compression) ? (directory.number(TAG.predictor) ?? 1) : 1,
    extraSamples: readExtraSamples(directory, samplesPerPixel - colorSamples),
    hasReversedBits: directory.number(TAG.fillOrder) === 2,
  };
  const grid = readGrid(directory, page);
  checkBlocks(file, page, grid);
  return { ...page, grid };
}

function readBits(directory: TiffDirectory): number {
  const all = directory.numbers(TAG.bitsPerSample);
  const bits = all[0] ?? 1;
  if (all.some((other) => other !== bits)) {
    const listed = [...new Set(all)].slice(0, 4).join(', ');
    throw unsupportedFeature('TIFF', `samples of different sizes (${listed} bits)`, REMEDY);
  }
  if (bits < 1 || bits > 64) throw unsupportedFeature('TIFF', `samples of ${bits} bits`, REMEDY);
  return bits;
}

function readSampleFormat(directory: TiffDirectory): SampleFormat {
  const all = directory.numbers(TAG.sampleFormat);
  const code = all[0] ?? 1;
  const format = SAMPLE_FORMATS.get(code);
  if (format === undefined) {
    const kind = code === 5 || code === 6 ? 'complex numbers as samples' : `sample format ${code}`;
    throw unsupportedFeature('TIFF', kind, REMEDY);
  }
  if (all.some((other) => other !== code)) {
    throw unsupportedFeature('TIFF', 'samples of different formats', REMEDY);
  }
  return format;
}

/** Samples without an entry in the tag are unspecified. */
function readExtraSamples(directory: TiffDirectory, count: number): number[] {
  const declared = directory.numbers(TAG.extraSamples);
  return Array.from({ length: Math.min(count, 1_000) }, (_, index) => declared[index] ?? 0);
}

type GridInput = Omit<TiffPage, 'grid'>;

function readGrid(directory: TiffDirectory, page: GridInput): BlockGrid {
  const { width, height } = page;
  const tileWidth = directory.number(TAG.tileWidth);
  const kind = tileWidth === undefined ? 'strip' : 'tile';
  const isTile = kind === 'tile';
  const blockHeight = directory.number(isTile ? TAG.tileLength : TAG.rowsPerStrip) ?? height;
  const block = {
    width: tileWidth ?? width,
    // Writers state 2^32 - 1 rows for a single strip.
    height: isTile ? blockHeight : Math.min(blockHeight, height),
  };
  // A tile much larger than the picture is a wrong tag, and it would take memory.
  const isPlausible = (side: number, limit: number) => side >= 1 && side <= limit + 65_536;
  if (!isPlausible(block.width, width) || !isPlausible(block.height, height)) {
    throw damaged(directory, `its ${kind}s have ${block.width} × ${block.height} pixels`);
  }
  const across = Math.ceil(width / block.width);
  const down = Math.ceil(height / block.height);
  // Old writers store the offsets of tiles in the tags of strips.
  const read = (tileTag: number, stripTag: number) =>
    directory.numbers(isTile && directory.has(tileTag) ? tileTag : stripTag);
  const offsets = read(TAG.tileOffsets, TAG.stripOffsets);
  const byteCounts = read(TAG.tileByteCounts, TAG.stripByteCounts);
  return { kind, ...block, across, down, offsets, byteCounts };
}

/** Bytes of a block without compression, all rows included. */
export function blockBytes(page: Omit<TiffPage, 'grid'>, width: number, height: number): number {
  const samples = page.isPlanar ? 1 : page.samplesPerPixel;
  return Math.ceil((width * samples * page.bits) / 8) * height;
}

/** Number of strips or tiles, those of all planes together. */
export function countBlocks(
  page: Pick<TiffPage, 'isPlanar' | 'samplesPerPixel'>,
  grid: BlockGrid,
): number {
  return grid.across * grid.down * (page.isPlanar ? page.samplesPerPixel : 1);
}

/** libvips and libtiff fill missing tiles with zeros, so they are looked for here. */
function checkBlocks({ source }: TiffFile, page: GridInput, grid: BlockGrid): void {
  const count = countBlocks(page, grid);
  const { kind, offsets, byteCounts } = grid;
  if (offsets.length < count) {
    throw damaged(page.directory, `it lists ${offsets.length} of ${count} ${kind}s`);
  }
  if (byteCounts.length < count) {
    // Writers of a single uncompressed strip leave its length out.
    if (byteCounts.length === 0 && count === 1 && page.compression === 1) return;
    throw damaged(
      page.directory,
      `it lists the lengths of ${byteCounts.length} of ${count} ${kind}s`,
    );
  }
  for (let index = 0; index < count; index += 1) {
    const { offset, bytes } = blockAt(grid, index);
    if (offset === 0 && bytes === 0) {
      const feature = `missing ${kind}s (${kind} ${index + 1} of ${count} is empty)`;
      throw unsupportedFeature('TIFF', feature, `Save it again with all ${kind}s.`);
    }
    const limit =
      page.compression === 1 ? blockBytes(page, grid.width, rowsOfBlock(page, grid, index)) : bytes;
    if (offset + Math.min(bytes, limit) > source.length) {
      const finding = `${kind} ${index + 1} of ${count} ends beyond the end of the file`;
      throw damagedImage({ format: 'TIFF', finding, byte: source.length });
    }
  }
}

/** The strip or tile with this index. */
export function blockAt(grid: BlockGrid, index: number): TiffBlock {
  return { index, offset: grid.offsets[index] ?? 0, bytes: grid.byteCounts[index] ?? Infinity };
}

/** Rows that a block stores: the last strip only has the remaining rows of the image. */
function rowsOfBlock(page: Pick<TiffPage, 'height'>, grid: BlockGrid, index: number): number {
  if (grid.kind === 'tile') return grid.height;
  const row = Math.floor(index / grid.across) % grid.down;
  return Math.min(grid.height, page.height - row * grid.height);
}

function damaged(directory: TiffDirectory, finding: string) {
  return damagedImage({ format: 'TIFF', finding, byte: directory.offset });
}
