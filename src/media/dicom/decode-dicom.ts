import { memorySource } from '../byte-source.js';
import { damagedImage } from '../image-errors.js';
import { decodeComponents, groupComponents } from '../jpeg2000/openjpeg.js';
import { checkTileParts, readCodestream } from '../jpeg2000/read-codestream.js';
import { createBaselineTiff } from '../tiff/baseline-tiff.js';
import type { DicomImage } from './open-dicom.js';

/**
 * Decodes the first frame to a baseline TIFF of 8-bit gray or RGB. Gray values are rescaled and mapped through the
 * window of the file. Without a window, 8 bits have their full range, and more bits that of their values.
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export async function decodeDicom(image: DicomImage): Promise<Uint8Array> {
  const { width, height, samples, palette } = image;
  const stored = await readSamples(image);
  if (stored.length < width * height * samples) {
    throw damagedImage({ format: 'DICOM', finding: 'its pixels end early' });
  }
  const isGray = samples === 1 && palette === null;
  const { file, pixels } = createBaselineTiff({
    ...{ width, height, colorSamples: isGray ? 1 : 3, alpha: null },
    ...{ orientation: 1, iccProfile: new Uint8Array() },
  });
  if (palette !== null) {
    for (let at = 0; at < width * height; at++) {
      const index = Math.max(0, (stored[at] as number) - palette.first);
      palette.columns.forEach((column, color) => {
        pixels[at * 3 + color] = column[Math.min(index, column.length - 1)] ?? 0;
      });
    }
  } else if (isGray) {
    drawGray(image, stored, pixels);
  } else {
    pixels.set(stored.subarray(0, pixels.length));
    // The transform of a codestream is undone by its decoder.
    if (image.photometric.startsWith('YBR_FULL') && image.coding !== 'jpeg2000')
      convertToRgb(pixels);
  }
  return file;
}

/** Samples with their sign, interleaved. */
type Samples = Uint8Array | Int32Array;

async function readSamples(image: DicomImage): Promise<Samples> {
  const { width, height, samples, bitsAllocated, isPlanar, coding, frame } = image;
  if (coding === 'jpeg2000') return await decodeCodestream(image);
  const pixels = width * height;
  if (coding === 'run-lengths') {
    const planes = decodeRunLengths(frame, pixels, samples * (bitsAllocated / 8));
    if (bitsAllocated === 8) return samples === 3 ? interleave(planes, pixels) : planes;
    // The most significant bytes come first.
    return Int32Array.from({ length: pixels }, (_, at) =>
      toNumber(image, ((planes[at] ?? 0) << 8) | (planes[pixels + at] ?? 0)),
    );
  }
  if (bitsAllocated === 16) {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    return Int32Array.from({ length: pixels }, (_, at) =>
      toNumber(image, view.getUint16(at * 2, coding === 'little-endian')),
    );
  }
  if (samples === 3) {
    if (image.photometric === 'YBR_FULL_422') return expand422(frame, pixels);
    return isPlanar ? interleave(frame, pixels) : frame;
  }
  return image.isSigned ? Int32Array.from(frame, (value) => toNumber(image, value)) : frame;
}

/** The value of the stored bits, without what other bits hold. */
function toNumber({ bitsStored, isSigned }: DicomImage, value: number): number {
  const unused = 32 - bitsStored;
  return isSigned ? (value << unused) >> unused : (value << unused) >>> unused;
}

function interleave(planes: Uint8Array, pixels: number): Uint8Array {
  return Uint8Array.from(
    { length: pixels * 3 },
    (_, at) => planes[(at % 3) * pixels + Math.floor(at / 3)] ?? 0,
  );
}

/** Two luma samples, then one of each chroma. */
function expand422(frame: Uint8Array, pixels: number): Uint8Array {
  return Uint8Array.from({ length: pixels * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3);
    const pair = (pixel >> 1) * 4;
    return frame[at % 3 === 0 ? pair + (pixel & 1) : pair + 1 + (at % 3)] ?? 0;
  });
}

/** Byte planes in segments of PackBits. Source: DICOM PS3.5, annex G. */
function decodeRunLengths(frame: Uint8Array, pixels: number, planes: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 64 || view.getUint32(0, true) !== planes) {
    throw damagedImage({ format: 'DICOM', finding: 'its run lengths have an invalid header' });
  }
  const bytes = new Uint8Array(pixels * planes);
  for (let plane = 0; plane < planes; plane++) {
    let at = view.getUint32(4 + plane * 4, true);
    const end = (plane + 1) * pixels;
    for (let to = plane * pixels; to < end;) {
      const control = frame[at++];
      if (control === undefined)
        throw damagedImage({ format: 'DICOM', finding: 'its runs end early' });
      if (control === 128) continue;
      const count = Math.min(control < 128 ? control + 1 : 257 - control, end - to);
      if (control < 128) bytes.set(frame.subarray(at, at + count), to);
      else bytes.fill(frame[at] ?? 0, to, to + count);
      at += control < 128 ? control + 1 : 1;
      to += count;
    }
  }
  return bytes;
}

async function decodeCodestream({ frame, width, height, samples }: DicomImage): Promise<Samples> {
  const source = memorySource(frame);
  const codestream = readCodestream(source, 0, frame.length);
  checkTileParts(source, codestream);
  const isSame = codestream.width === width && codestream.height === height;
  if (!isSame || codestream.components.length !== samples) {
    throw damagedImage({ format: 'DICOM', finding: 'its codestream has another size' });
  }
  const wanted = codestream.components.map((_, index) => index);
  const [group = []] = groupComponents(codestream, wanted);
  const decoded = await decodeComponents(source, codestream, group, 0);
  const [component] = codestream.components;
  if (samples === 3 || !component) return Int32Array.from(decoded.samples);
  // Samples may come in fewer bits, and signed ones have half of their range added.
  const scale = 2 ** (component.bits - (decoded.bits[0] ?? component.bits));
  const offset = component.isSigned ? 2 ** (component.bits - 1) : 0;
  return Int32Array.from(decoded.samples, (value) => value * scale - offset);
}

/** Source: DICOM PS3.3, C.11.2.1.2. */
function drawGray(image: DicomImage, stored: Samples, pixels: Uint8Array): void {
  const { slope, intercept, padding, photometric } = image;
  const [min, max] = rangeOf(image, stored.subarray(0, pixels.length));
  const ends = [min * slope + intercept, max * slope + intercept] as const;
  const [low, high] = image.window
    ? [
        image.window.center - 0.5 - (image.window.width - 1) / 2,
        image.window.center - 0.5 + (image.window.width - 1) / 2,
      ]
    : [Math.min(...ends), Math.max(...ends)];
  const scale = 255 / Math.max(high - low, 1e-9);
  const invert = photometric === 'MONOCHROME1' ? 255 : 0;
  for (let at = 0; at < pixels.length; at++) {
    const value = stored[at] as number;
    if (value === padding) continue;
    const level = Math.round((value * slope + intercept - low) * scale);
    pixels[at] = Math.min(255, Math.max(0, level)) ^ invert;
  }
}

/** The stored values from black to white, without a window. */
function rangeOf(
  { bitsStored, isSigned, padding }: DicomImage,
  stored: Samples,
): readonly [min: number, max: number] {
  if (bitsStored <= 8 && !isSigned) return [0, 2 ** bitsStored - 1];
  let [min, max] = [Infinity, -Infinity];
  for (const value of stored) {
    if (value === padding) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return [min, max];
}

/** YBR_FULL to RGB, in place. Source: DICOM PS3.3, C.7.6.3.1.2. */
function convertToRgb(pixels: Uint8Array): void {
  const clamp = (value: number) => Math.min(255, Math.max(0, value + 0.5));
  for (let at = 0; at < pixels.length; at += 3) {
    const luma = pixels[at] as number;
    const cb = (pixels[at + 1] as number) - 128;
    const cr = (pixels[at + 2] as number) - 128;
    pixels[at] = clamp(luma + 1.402 * cr);
    pixels[at + 1] = clamp(luma - 0.344136 * cb - 0.714136 * cr);
    pixels[at + 2] = clamp(luma + 1.772 * cb);
  }
}
