import dicomParser, { type DataSet, type Element } from 'dicom-parser';

import type { ByteSource } from '../byte-source.js';
import { damagedImage, unsupportedFeature } from '../image-errors.js';

/** How the pixels of a DICOM file are compressed. */
type DicomCoding = 'little-endian' | 'big-endian' | 'run-lengths' | 'jpeg' | 'jpeg2000';

/** The first frame of a DICOM file. */
export interface DicomImage {
  readonly width: number;
  readonly height: number;
  readonly samples: 1 | 3;
  readonly photometric: string;
  readonly bitsAllocated: 8 | 16;
  readonly bitsStored: number;
  readonly isSigned: boolean;
  readonly isPlanar: boolean;
  readonly coding: DicomCoding;
  /** The bytes of the frame as stored. */
  readonly frame: Uint8Array;
  readonly slope: number;
  readonly intercept: number;
  /** Center and width of the window in rescaled values; `null` if the file has none. */
  readonly window: { readonly center: number; readonly width: number } | null;
  /** The stored value of pixels without data. */
  readonly padding: number | null;
  /** Red, green and blue bytes by sample value, from `first` on. */
  readonly palette: { readonly first: number; readonly columns: readonly Uint8Array[] } | null;
}

/** Source: DICOM PS3.6, table A-1. */
const CODINGS: ReadonlyMap<string, DicomCoding> = new Map([
  ['1.2.840.10008.1.2', 'little-endian'],
  ['1.2.840.10008.1.2.1', 'little-endian'],
  ['1.2.840.10008.1.2.2', 'big-endian'],
  ['1.2.840.10008.1.2.5', 'run-lengths'],
  ['1.2.840.10008.1.2.4.50', 'jpeg'],
  ['1.2.840.10008.1.2.4.90', 'jpeg2000'],
  ['1.2.840.10008.1.2.4.91', 'jpeg2000'],
  ['1.2.840.10008.1.2.4.201', 'jpeg2000'],
  ['1.2.840.10008.1.2.4.202', 'jpeg2000'],
  ['1.2.840.10008.1.2.4.203', 'jpeg2000'],
]);
const OTHER_SYNTAXES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.10008.1.2.1.99', 'deflated'],
  ['1.2.840.10008.1.2.4.51', 'JPEG extended with 12 bits'],
  ['1.2.840.10008.1.2.4.57', 'lossless JPEG'],
  ['1.2.840.10008.1.2.4.70', 'lossless JPEG'],
  ['1.2.840.10008.1.2.4.80', 'lossless JPEG-LS'],
  ['1.2.840.10008.1.2.4.81', 'JPEG-LS'],
]);

const PHOTOMETRICS: ReadonlySet<string> = new Set([
  ...['MONOCHROME1', 'MONOCHROME2', 'PALETTE COLOR', 'RGB', 'YBR_FULL', 'YBR_FULL_422'],
  ...['YBR_ICT', 'YBR_RCT'],
]);

const REMEDY = 'Export the image as PNG or uncompressed DICOM.';

/**
 * Reads the attributes and the first frame. Source: DICOM PS3.3, C.7.6.3 and C.11; PS3.5, 8.
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export function openDicom(source: ByteSource): DicomImage {
  const bytes = source.read(0, source.length);
  const syntax = readSyntax(bytes);
  const coding = CODINGS.get(syntax);
  if (coding === undefined) {
    const name = OTHER_SYNTAXES.get(syntax);
    const uid = /^[\d.]{1,64}$/.test(syntax) ? syntax : 'of an unknown UID';
    const feature = name === undefined ? uid : `${uid} (${name})`;
    throw unsupportedFeature('DICOM', `transfer syntax ${feature}`, REMEDY);
  }
  const data = attempt(() => dicomParser.parseDicom(bytes));
  return attempt(() => describe(data, coding));
}

function readSyntax(bytes: Uint8Array): string {
  const header = attempt(() => dicomParser.readPart10Header(bytes));
  return attempt(() => header.string('x00020010')?.trim() ?? '');
}

/** The parser throws strings and errors of its own. */
function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) throw cause;
    throw damagedImage({ format: 'DICOM', cause });
  }
}

function describe(data: DataSet, coding: DicomCoding): DicomImage {
  const element = data.elements['x7fe00010'];
  const [height, width] = [data.uint16('x00280010') ?? 0, data.uint16('x00280011') ?? 0];
  if (!element || width === 0 || height === 0) {
    throw unsupportedFeature('DICOM', 'an object without an image', 'Send the image of the study.');
  }
  const samples = data.uint16('x00280002') ?? 1;
  const photometric = (data.string('x00280004') ?? 'MONOCHROME2').trim();
  const bitsAllocated = data.uint16('x00280100') ?? 16;
  if (!PHOTOMETRICS.has(photometric)) {
    const name = /^[A-Z0-9_ ]{1,16}$/.test(photometric) ? photometric : 'of an unknown name';
    throw unsupportedFeature('DICOM', `photometric interpretation ${name}`, REMEDY);
  }
  const isColor = photometric === 'RGB' || photometric.startsWith('YBR');
  if ((bitsAllocated !== 8 && bitsAllocated !== 16) || (isColor && bitsAllocated !== 8)) {
    throw unsupportedFeature('DICOM', `${bitsAllocated} bits per sample`, REMEDY);
  }
  if (samples !== (isColor ? 3 : 1)) {
    throw damagedImage({ format: 'DICOM', finding: `it has ${samples} samples per pixel` });
  }
  const isSigned = data.uint16('x00280103') === 1;
  const center = data.floatString('x00281050');
  const windowWidth = data.floatString('x00281051');
  const hasWindow = center !== undefined && windowWidth !== undefined && windowWidth >= 1;
  const hasPadding = data.elements['x00280120'] !== undefined;
  const padding = isSigned ? data.int16('x00280120') : data.uint16('x00280120');
  const bytes = width * height * samples * (bitsAllocated / 8);
  return {
    ...{ width, height, samples: isColor ? 3 : 1, photometric, isSigned, coding },
    bitsAllocated: bitsAllocated === 8 ? 8 : 16,
    bitsStored: data.uint16('x00280101') ?? bitsAllocated,
    isPlanar: data.uint16('x00280006') === 1,
    frame: readFrame(data, element, photometric === 'YBR_FULL_422' ? (bytes / 3) * 2 : bytes),
    slope: data.floatString('x00281053') ?? 1,
    intercept: data.floatString('x00281052') ?? 0,
    window: hasWindow ? { center, width: windowWidth } : null,
    padding: hasPadding ? (padding ?? null) : null,
    palette: photometric === 'PALETTE COLOR' ? readPalette(data) : null,
  };
}

/** @param expected bytes of an uncompressed frame. */
function readFrame(data: DataSet, element: Element, expected: number): Uint8Array {
  if (element.encapsulatedPixelData !== true) {
    const frame = data.byteArray.subarray(element.dataOffset, element.dataOffset + expected);
    if (frame.length < expected || element.length < expected) {
      throw damagedImage({
        ...{ format: 'DICOM', finding: 'its pixels end early', byte: data.byteArray.length },
      });
    }
    return frame;
  }
  const frames = Number(data.string('x00280008') ?? 1);
  // A single frame may be in several fragments.
  if (frames <= 1) {
    return dicomParser.readEncapsulatedPixelDataFromFragments(
      data,
      element,
      0,
      element.fragments?.length ?? 0,
    );
  }
  return (element.basicOffsetTable?.length ?? 0) > 0
    ? dicomParser.readEncapsulatedImageFrame(data, element, 0)
    : dicomParser.readEncapsulatedPixelDataFromFragments(data, element, 0);
}

function readPalette(data: DataSet): DicomImage['palette'] {
  const columns = [1, 2, 3].map((color) => {
    const entries = data.uint16(`x0028110${color}`, 0) ?? 0;
    const bits = data.uint16(`x0028110${color}`, 2) ?? 16;
    const element = data.elements[`x0028120${color}`];
    if (!element) throw unsupportedFeature('DICOM', 'a segmented or missing palette', REMEDY);
    const count = entries === 0 ? 65_536 : entries;
    return Uint8Array.from({ length: count }, (_, index) => {
      if (bits === 8 && element.length < count * 2) {
        return data.byteArray[element.dataOffset + index] ?? 0;
      }
      const value = data.uint16(`x0028120${color}`, index) ?? 0;
      return bits === 8 ? value : value >> 8;
    });
  });
  return { first: data.uint16('x00281101', 1) ?? 0, columns };
}
