import { findUnsupportedJpeg, inspectJpeg, type JpegFrame } from '../jpeg/inspect-jpeg.js';
import { RAW_PHOTOMETRICS } from './tiff-names.js';
import { type TiffDirectory, type TiffFile, TAG } from './tiff-directory.js';
import { readPageSize } from './tiff-page.js';

/** A complete JPEG file inside a TIFF file. */
export interface EmbeddedJpeg {
  readonly offset: number;
  readonly length: number;
  readonly frame: JpegFrame;
}

/** Compression schemes of sensor data: Sony, Samsung, Kodak, Nikon, lossy DNG, Pentax. */
const RAW_COMPRESSIONS: ReadonlySet<number> = new Set([
  32_767, 32_769, 32_770, 32_867, 34_713, 34_892, 65_000, 65_535,
]);

/**
 * Whether a TIFF file is a camera raw file: DNG, Nikon NEF, Canon CR2, Sony ARW, Pentax PEF and others. They share
 * TIFF's signature, and their first picture is a thumbnail.
 */
export function isCameraRaw({ source, chain, subDirectories }: TiffFile): boolean {
  const isCr2 = Buffer.from(source.read(8, 2)).toString('latin1') === 'CR' && source.length > 16;
  return (
    isCr2 ||
    chain.some((directory) => directory.has(TAG.dngVersion)) ||
    [...chain, ...subDirectories].some(isSensorData)
  );
}

function isSensorData(directory: TiffDirectory): boolean {
  return (
    RAW_PHOTOMETRICS.has(directory.number(TAG.photometric) ?? -1) ||
    RAW_COMPRESSIONS.has(directory.number(TAG.compression) ?? -1)
  );
}

/** The image that is decoded instead of the sensor data of a camera raw file. */
export type RawPreview =
  | { readonly kind: 'jpeg'; readonly jpeg: EmbeddedJpeg }
  | { readonly kind: 'page'; readonly directory: TiffDirectory };

/** Pixels on the longer side from which a preview counts as the picture, though the sensor has more. */
const MIN_PREVIEW_SIDE = 1_024;

/** Part of the sensor's longer side that a preview of full size has at least: cameras crop the border. */
export const FULL_SIZE = 0.9;

type SizedPreview = RawPreview & { readonly side: number };

/**
 * The largest preview of a camera raw file, if it is of full size or large enough for captions: a JPEG file, or a page
 * of a DNG file.
 *
 * @returns the preview with its longer side, `null` if the file only has thumbnails; and the longer side of the sensor
 *   data, 0 if no directory states it. Both in pixels.
 */
export function findRawPreview(file: TiffFile): {
  readonly preview: SizedPreview | null;
  readonly sensorSide: number;
} {
  const directories = [...file.chain, ...file.subDirectories];
  const jpegs = directories.flatMap((directory) => listJpegs(file, directory));
  const pages = directories.filter(
    (directory) => !isSensorData(directory) && !holdsJpeg(directory),
  );
  const previews: readonly SizedPreview[] = [
    ...jpegs.map((jpeg) => ({ kind: 'jpeg', jpeg, side: longSide(jpeg.frame) }) as const),
    ...pages.map(
      (directory) =>
        ({ kind: 'page', directory, side: longSide(readPageSize(directory)) }) as const,
    ),
  ];
  const sensorSide = Math.max(
    0,
    ...directories.filter(isSensorData).map((each) => longSide(readPageSize(each))),
  );
  const wanted =
    sensorSide === 0 ? MIN_PREVIEW_SIDE : Math.min(MIN_PREVIEW_SIDE, FULL_SIZE * sensorSide);
  const [largest] = [...previews].sort((a, b) => b.side - a.side);
  return { preview: largest && largest.side >= wanted ? largest : null, sensorSide };
}

function longSide({ width, height }: { readonly width: number; readonly height: number }): number {
  return Math.max(width, height);
}

function holdsJpeg(directory: TiffDirectory): boolean {
  const compression = directory.number(TAG.compression);
  return compression === 6 || compression === 7;
}

/** The JPEG files that a directory refers to: as an interchange file, or as its only strip. */
function listJpegs({ source }: TiffFile, directory: TiffDirectory): EmbeddedJpeg[] {
  const strips = directory.numbers(TAG.stripOffsets);
  const places = [
    [
      directory.number(TAG.jpegInterchangeFormat),
      directory.number(TAG.jpegInterchangeFormatLength),
    ],
    ...(strips.length === 1 ? [[strips[0], directory.number(TAG.stripByteCounts)]] : []),
  ];
  return places.flatMap(([offset, length]) => {
    if (offset === undefined || length === undefined || offset + length > source.length) return [];
    const frame = inspectJpeg(source, offset);
    // Lossless JPEG is sensor data.
    return frame && findUnsupportedJpeg(frame) === null ? [{ offset, length, frame }] : [];
  });
}
