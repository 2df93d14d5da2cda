import type { ByteSource } from '../byte-source.js';
import { damagedImage, unsupportedFeature } from '../image-errors.js';

/** What a Photoshop file declares of the composite of its layers. */
export interface PsdHeader {
  readonly width: number;
  readonly height: number;
  readonly bits: 1 | 8 | 16;
  readonly model: 'bitmap' | 'gray' | 'indexed' | 'rgb' | 'cmyk';
  /** Channels of the composite, with those that are not drawn. */
  readonly channels: number;
  /** Whether the channel after the colors is the transparency of the composite, and not a saved selection. */
  readonly hasAlpha: boolean;
  /** All red, then all green, then all blue bytes of an indexed picture. */
  readonly palette: Uint8Array;
  readonly iccProfile: Uint8Array;
  readonly isRunLength: boolean;
  /** Bytes of the length of a row of run lengths: 2, or 4 in large documents (PSB). */
  readonly countBytes: 2 | 4;
  /** Offset of the composite, after its compression. */
  readonly dataAt: number;
}

const HEADER_BYTES = 26;
const LARGE_DOCUMENT = 2;
const ICC_PROFILE = 1039;
const VERSION_INFO = 1057;

/** Bytes of the image resources: thumbnails, paths and profiles. */
const MAX_RESOURCE_BYTES = 50_000_000;

const MODELS = new Map<number, PsdHeader['model']>([
  [0, 'bitmap'],
  [1, 'gray'],
  [2, 'indexed'],
  [3, 'rgb'],
  [4, 'cmyk'],
  // Decoders show duotones as gray: the inks are not documented.
  [8, 'gray'],
]);
const OTHER_MODELS = new Map([
  [7, 'multichannel color'],
  [9, 'L*a*b* color'],
]);

export const COLOR_CHANNELS = { bitmap: 1, gray: 1, indexed: 1, rgb: 3, cmyk: 4 } as const;

const REMEDY = 'Save it in RGB with 8 bits and maximum compatibility, or as TIFF.';

/**
 * Reads the header and the sections up to the composite. Source: Adobe Photoshop File Formats Specification.
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export function readPsdHeader(source: ByteSource): PsdHeader {
  const head = Buffer.from(source.read(0, HEADER_BYTES));
  if (head.length < HEADER_BYTES) throw damaged('it ends in its header', source.length);
  const isLarge = head.readUInt16BE(4) === LARGE_DOCUMENT;
  const [channels, height, width] = [
    head.readUInt16BE(12),
    head.readUInt32BE(14),
    head.readUInt32BE(18),
  ];
  const bits = head.readUInt16BE(22);
  const mode = head.readUInt16BE(24);
  const model = MODELS.get(mode);
  if (model === undefined) {
    throw unsupportedFeature('PSD', OTHER_MODELS.get(mode) ?? `color mode ${mode}`, REMEDY);
  }
  const isBitmap = model === 'bitmap';
  if (!(isBitmap ? bits === 1 : bits === 8 || (bits === 16 && model !== 'indexed'))) {
    throw unsupportedFeature('PSD', `${bits} bits per channel`, REMEDY);
  }
  if (width < 1 || height < 1 || channels < COLOR_CHANNELS[model]) {
    throw damaged('its size or number of channels is invalid', 12);
  }
  const colors = readSection(source, HEADER_BYTES, 4);
  const resources = readSection(source, colors.end, 4);
  const layers = readSection(source, resources.end, isLarge ? 8 : 4);
  const { iccProfile, hasComposite } = readResources(source, resources);
  if (!hasComposite) {
    throw unsupportedFeature(
      'PSD',
      'layers without a composite',
      'Save it with maximum compatibility.',
    );
  }
  const compression = Buffer.from(source.read(layers.end, 2));
  if (compression.length < 2) throw damaged('its composite is missing', source.length);
  const code = compression.readUInt16BE(0);
  if (code > 1) throw unsupportedFeature('PSD', `compression ${code}`, REMEDY);
  return {
    ...{ width, height, bits: bits as PsdHeader['bits'], model, channels, iccProfile },
    palette: source.read(colors.start, model === 'indexed' ? 768 : 0),
    hasAlpha:
      channels > COLOR_CHANNELS[model] && !isBitmap && isMergedAlpha(source, layers, isLarge),
    ...{ isRunLength: code === 1, countBytes: isLarge ? 4 : 2, dataAt: layers.end + 2 },
  };
}

interface Section {
  readonly start: number;
  readonly end: number;
}

function readSection(source: ByteSource, at: number, lengthBytes: 4 | 8): Section {
  const field = Buffer.from(source.read(at, lengthBytes));
  if (field.length < lengthBytes) throw damaged('a section is missing', source.length);
  const length = lengthBytes === 8 ? Number(field.readBigUInt64BE(0)) : field.readUInt32BE(0);
  const start = at + lengthBytes;
  if (start + length > source.length)
    throw damaged('a section ends beyond the end of the file', source.length);
  return { start, end: start + length };
}

function readResources(source: ByteSource, { start, end }: Section) {
  let iccProfile: Uint8Array = new Uint8Array();
  let hasComposite = true;
  const bytes = Buffer.from(source.read(start, Math.min(end - start, MAX_RESOURCE_BYTES)));
  for (let at = 0; at + 12 <= bytes.length && bytes.toString('latin1', at, at + 4) === '8BIM';) {
    const id = bytes.readUInt16BE(at + 4);
    // A name with its length, padded to an even size.
    const sizeAt = at + 6 + Math.ceil((bytes.readUInt8(at + 6) + 1) / 2) * 2;
    if (sizeAt + 4 > bytes.length) break;
    const size = bytes.readUInt32BE(sizeAt);
    const data = bytes.subarray(sizeAt + 4, sizeAt + 4 + size);
    if (id === ICC_PROFILE) iccProfile = data;
    if (id === VERSION_INFO && data.length >= 5) hasComposite = data.readUInt8(4) !== 0;
    at = sizeAt + 4 + size + (size % 2);
  }
  return { iccProfile, hasComposite };
}

/** A negative number of layers says that the first extra channel is the transparency of the composite. */
function isMergedAlpha(source: ByteSource, { start, end }: Section, isLarge: boolean): boolean {
  const lengthBytes = isLarge ? 8 : 4;
  const field = Buffer.from(source.read(start + lengthBytes, 2));
  return end - start >= lengthBytes + 2 && field.length === 2 && field.readInt16BE(0) < 0;
}

export function damaged(finding: string, byte: number) {
  return damagedImage({ format: 'PSD', finding, byte });
}
