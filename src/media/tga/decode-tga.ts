import type { ByteSource } from '../byte-source.js';
import { damagedImage, unsupportedFeature } from '../image-errors.js';
import { createBaselineTiff } from '../tiff/baseline-tiff.js';

/** What the header of a TGA file declares. */
export interface TgaHeader {
  readonly width: number;
  readonly height: number;
  /** How pixels are stored; `palette` holds blue, green, red and alpha bytes. */
  readonly kind: 'palette' | 'color' | 'gray';
  readonly isRunLength: boolean;
  readonly bytesPerPixel: number;
  readonly alphaBits: number;
  readonly isTopDown: boolean;
  readonly isRightToLeft: boolean;
  readonly palette: {
    readonly first: number;
    readonly at: number;
    readonly count: number;
    readonly bits: number;
  };
  /** Offset of the pixels. */
  readonly pixelsAt: number;
}

const HEADER_BYTES = 18;
const KINDS = { 1: 'palette', 2: 'color', 3: 'gray' } as const;
const RUN_LENGTH = 8;
const REMEDY = 'Save it as a TGA with 24 or 32 bits, or as PNG.';

/**
 * Whether the first bytes can be a TGA header. The format has no signature, so that all fields are checked. Source:
 * Truevision TGA File Format Specification 2.0.
 */
export function isTga(header: string): boolean {
  const [, hasPalette = 2, type = 0] = Array.from(header.slice(0, 3), (char) => char.charCodeAt(0));
  if (header.length < HEADER_BYTES || hasPalette > 1) return false;
  const bits = header.charCodeAt(16);
  const areSides = header.slice(12, 14) !== '\0\0' && header.slice(14, 16) !== '\0\0';
  const alphaBits = header.charCodeAt(17) & 0xcf;
  if (!areSides || ![0, 1, 8].includes(alphaBits)) return false;
  if (hasPalette === 1) {
    const isCount =
      header.slice(5, 7) !== '\0\0' && [15, 16, 24, 32].includes(header.charCodeAt(7));
    return isCount && [1, 9].includes(type) && [8, 16].includes(bits);
  }
  if (header.slice(3, 8) !== '\0\0\0\0\0') return false;
  return [2, 10].includes(type)
    ? [15, 16, 24, 32].includes(bits)
    : [3, 11].includes(type) && [8, 16].includes(bits);
}

/** @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE */
export function readTgaHeader(source: ByteSource): TgaHeader {
  const head = Buffer.from(source.read(0, HEADER_BYTES));
  const type = head.readUInt8(2);
  const kind = KINDS[(type & ~RUN_LENGTH) as keyof typeof KINDS];
  const bits = head.readUInt8(16);
  const descriptor = head.readUInt8(17);
  const palette = {
    first: head.readUInt16LE(3),
    at: HEADER_BYTES + head.readUInt8(0),
    count: head.readUInt16LE(5),
    bits: head.readUInt8(7),
  };
  if (kind === 'palette' && bits !== 8) {
    throw unsupportedFeature('TGA', `palette indices of ${bits} bits`, REMEDY);
  }
  return {
    ...{ width: head.readUInt16LE(12), height: head.readUInt16LE(14), kind, palette },
    isRunLength: (type & RUN_LENGTH) !== 0,
    bytesPerPixel: Math.ceil(bits / 8),
    alphaBits: descriptor & 0xf,
    isTopDown: (descriptor & 0x20) !== 0,
    isRightToLeft: (descriptor & 0x10) !== 0,
    pixelsAt: palette.at + palette.count * Math.ceil(palette.bits / 8),
  };
}

/** Whether pixels have alpha, if it is not zero everywhere. */
export function hasTgaAlpha({ kind, bytesPerPixel, alphaBits, palette }: TgaHeader): boolean {
  if (kind === 'palette') return palette.bits === 32;
  return kind === 'gray' ? bytesPerPixel === 2 : bytesPerPixel === 4 && alphaBits > 0;
}

/**
 * Decodes a TGA file to a baseline TIFF.
 *
 * @throws MEDIA_CORRUPT
 */
export function decodeTga(source: ByteSource, header: TgaHeader): Uint8Array {
  const { width, height, kind, bytesPerPixel } = header;
  const stored = readPixels(source, header);
  const palette = source.read(header.palette.at, header.pixelsAt - header.palette.at);
  const hasAlpha = hasTgaAlpha(header);
  const colorSamples = kind === 'gray' ? 1 : 3;
  const channels = colorSamples + (hasAlpha ? 1 : 0);
  const { file, pixels } = createBaselineTiff({
    ...{ width, height, colorSamples, alpha: hasAlpha ? 'straight' : null },
    ...{ orientation: 1, iccProfile: new Uint8Array() },
  });
  for (let y = 0; y < height; y++) {
    const row = header.isTopDown ? y : height - 1 - y;
    for (let x = 0; x < width; x++) {
      const column = header.isRightToLeft ? width - 1 - x : x;
      const from = (row * width + column) * bytesPerPixel;
      const to = (y * width + x) * channels;
      if (kind === 'palette') {
        const bytes = Math.ceil(header.palette.bits / 8);
        const entry = ((stored[from] as number) - header.palette.first) * bytes;
        readColor(palette, entry, bytes, pixels, to, hasAlpha);
      } else if (kind === 'color') {
        readColor(stored, from, bytesPerPixel, pixels, to, hasAlpha);
      } else {
        for (let byte = 0; byte < bytesPerPixel; byte++)
          pixels[to + byte] = stored[from + byte] as number;
      }
    }
  }
  if (hasAlpha) fillEmptyAlpha(pixels, channels);
  return file;
}

/** Two bytes hold five bits per channel, more hold blue, green, red and alpha. */
function readColor(
  stored: Uint8Array,
  from: number,
  bytes: number,
  pixels: Uint8Array,
  to: number,
  hasAlpha: boolean,
): void {
  if (bytes === 2) {
    const pixel = (stored[from] ?? 0) | ((stored[from + 1] ?? 0) << 8);
    for (let channel = 0; channel < 3; channel++) {
      pixels[to + channel] = Math.round((((pixel >> (10 - 5 * channel)) & 31) * 255) / 31);
    }
    return;
  }
  for (let channel = 0; channel < 3; channel++)
    pixels[to + channel] = stored[from + 2 - channel] ?? 0;
  if (hasAlpha) pixels[to + 3] = stored[from + 3] ?? 0;
}

/** The stored pixels without run lengths, in order of the file. */
function readPixels(source: ByteSource, header: TgaHeader): Uint8Array {
  const { width, height, bytesPerPixel, pixelsAt, isRunLength } = header;
  const bytes = width * height * bytesPerPixel;
  if (!isRunLength) {
    const pixels = source.read(pixelsAt, bytes);
    if (pixels.length < bytes) throw damaged('its pixels end early', source.length);
    return pixels;
  }
  const packets = source.read(pixelsAt, source.length - pixelsAt);
  const pixels = new Uint8Array(bytes);
  let at = 0;
  for (let to = 0; to < bytes;) {
    const packet = packets[at++];
    if (packet === undefined) throw damaged('its runs end early', source.length);
    const length = Math.min(((packet & 0x7f) + 1) * bytesPerPixel, bytes - to);
    const isRun = (packet & 0x80) !== 0;
    const stored = isRun ? bytesPerPixel : length;
    if (at + stored > packets.length) throw damaged('its runs end early', source.length);
    pixels.set(packets.subarray(at, at + stored), to);
    if (isRun)
      for (let copied = bytesPerPixel; copied < length; copied++)
        pixels[to + copied] = pixels[to + copied - bytesPerPixel] as number;
    at += stored;
    to += length;
  }
  return pixels;
}

function fillEmptyAlpha(pixels: Uint8Array, channels: number): void {
  for (let at = channels - 1; at < pixels.length; at += channels) if (pixels[at] !== 0) return;
  for (let at = channels - 1; at < pixels.length; at += channels) pixels[at] = 255;
}

function damaged(finding: string, byte: number) {
  return damagedImage({ format: 'TGA', finding, byte });
}
