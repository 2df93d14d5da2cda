import { TAG } from './tiff-directory.js';

/** A picture of 8-bit samples. */
export interface BaselinePicture {
  readonly width: number;
  readonly height: number;
  /** Gray, RGB or CMYK. */
  readonly colorSamples: 1 | 3 | 4;
  /** The alpha sample after the color: `null` for none. */
  readonly alpha: 'straight' | 'premultiplied' | null;
  /** Exif orientation. */
  readonly orientation: number;
  /** Empty for none. A profile of another color space than the samples' is left out: it does not describe them. */
  readonly iccProfile: Uint8Array;
}

const SHORT = 3;
const LONG = 4;
const UNDEFINED = 7;
const ENTRY_BYTES = 12;

const PHOTOMETRIC_OF = { 1: 1, 3: 2, 4: 5 } as const;
const EXTRA_SAMPLE_OF = { premultiplied: 1, straight: 2 } as const;

/**
 * Allocates an uncompressed little-endian TIFF of one strip, which every decoder reads. Source: TIFF 6.0, part 1.
 *
 * @returns the file, and its pixels as a part of it, zeroed: `width * height * samples` bytes, row-major.
 */
export function createBaselineTiff(picture: BaselinePicture): {
  readonly file: Uint8Array;
  readonly pixels: Uint8Array;
} {
  const { width, height, colorSamples, alpha, orientation } = picture;
  const iccProfile = isProfileOf(picture) ? picture.iccProfile : new Uint8Array();
  const samples = colorSamples + (alpha === null ? 0 : 1);
  const entryCount = 11 + (alpha === null ? 0 : 1) + (iccProfile.length === 0 ? 0 : 1);
  const bitsAt = 8 + 2 + entryCount * ENTRY_BYTES + 4;
  const iccAt = bitsAt + samples * 2;
  const pixelsAt = iccAt + iccProfile.length + (iccProfile.length % 2);
  const pixelBytes = width * height * samples;

  const file = Buffer.alloc(pixelsAt + pixelBytes);
  file.write('II*\0', 0, 'latin1');
  file.writeUInt32LE(8, 4);
  file.writeUInt16LE(entryCount, 8);
  let at = 10;
  const write = (tag: number, type: number, count: number, value: number) => {
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(count, at + 4);
    // A single SHORT is in the lower half in little-endian files.
    file.writeUInt32LE(value, at + 8);
    at += ENTRY_BYTES;
  };
  write(TAG.width, LONG, 1, width);
  write(TAG.height, LONG, 1, height);
  write(
    TAG.bitsPerSample,
    SHORT,
    samples,
    samples <= 2 ? (samples === 1 ? 8 : 8 | (8 << 16)) : bitsAt,
  );
  write(TAG.compression, SHORT, 1, 1);
  write(TAG.photometric, SHORT, 1, PHOTOMETRIC_OF[colorSamples]);
  write(TAG.stripOffsets, LONG, 1, pixelsAt);
  write(TAG.orientation, SHORT, 1, orientation);
  write(TAG.samplesPerPixel, SHORT, 1, samples);
  write(TAG.rowsPerStrip, LONG, 1, height);
  write(TAG.stripByteCounts, LONG, 1, pixelBytes);
  write(TAG.planarConfiguration, SHORT, 1, 1);
  if (alpha !== null) write(TAG.extraSamples, SHORT, 1, EXTRA_SAMPLE_OF[alpha]);
  if (iccProfile.length > 0) write(TAG.iccProfile, UNDEFINED, iccProfile.length, iccAt);
  for (let sample = 0; sample < samples; sample += 1) file.writeUInt16LE(8, bitsAt + sample * 2);
  file.set(iccProfile, iccAt);
  return { file, pixels: file.subarray(pixelsAt) };
}

/** Compares the data color space. Source: ICC.1, section 7.2.6. */
function isProfileOf({ iccProfile, colorSamples }: BaselinePicture): boolean {
  const space = Buffer.from(iccProfile.subarray(16, 20)).toString('latin1');
  return space === { 1: 'GRAY', 3: 'RGB ', 4: 'CMYK' }[colorSamples];
}
