import type { ByteSource } from '../byte-source.js';
import { damagedImage, unsupportedFeature } from '../image-errors.js';
import { createBaselineTiff } from '../tiff/baseline-tiff.js';
import { createSceneMap, createSceneMeter } from './tone-map-scene.js';

/** What the header of a Radiance HDR file declares. */
export interface RadianceHeader {
  readonly width: number;
  readonly height: number;
  /** Offset of the pixels. */
  readonly pixelsAt: number;
}

const MAX_HEADER_BYTES = 65_536;

/**
 * Reads the header. Source: G. Ward, "Real Pixels" (Graphics Gems II); the Radiance file formats.
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE
 */
export function readRadianceHeader(source: ByteSource): RadianceHeader {
  const text = Buffer.from(source.read(0, MAX_HEADER_BYTES)).toString('latin1');
  const end = /\n\n/.exec(text);
  const size =
    end && /^([-+][XY]) (\d{1,9}) ([-+][XY]) (\d{1,9})\n/.exec(text.slice(end.index + 2));
  if (!size) throw damaged('its header is incomplete', Math.min(source.length, MAX_HEADER_BYTES));
  if (/\nFORMAT=32-bit_rle_xyze/.test(text.slice(0, end.index + 1))) {
    throw unsupportedFeature('Radiance HDR', 'XYZ colors', 'Save it in RGB.');
  }
  const [line, first, rows = '', second, columns = ''] = size;
  if (first !== '-Y' || second !== '+X') {
    throw unsupportedFeature(
      'Radiance HDR',
      `scan lines in order ${first} ${second}`,
      'Save it upright.',
    );
  }
  const [width, height] = [Number(columns), Number(rows)];
  if (width < 1 || height < 1) throw damaged('its width or height is 0', end.index);
  return { width, height, pixelsAt: end.index + 2 + line.length };
}

/**
 * Decodes a Radiance HDR file to a baseline TIFF, tone-mapped by `createSceneMap`.
 *
 * @throws MEDIA_CORRUPT
 */
export function decodeRadiance(source: ByteSource, header: RadianceHeader): Uint8Array {
  const { width, height } = header;
  const rgbe = readPixels(source, header);
  const { file, pixels } = createBaselineTiff({
    ...{ width, height, colorSamples: 3, alpha: null },
    ...{ orientation: 1, iccProfile: new Uint8Array() },
  });
  const linear: [number, number, number] = [0, 0, 0];
  const read = (at: number) => {
    const exponent = rgbe[at + 3] as number;
    const scale = exponent === 0 ? 0 : 2 ** (exponent - 136);
    for (let channel = 0; channel < 3; channel++)
      linear[channel] = (rgbe[at + channel] as number) * scale;
  };
  const meter = createSceneMeter();
  for (let at = 0; at < rgbe.length; at += 4) {
    read(at);
    meter.add(...linear);
  }
  const map = createSceneMap(meter.range());
  for (let at = 0, to = 0; at < rgbe.length; at += 4, to += 3) {
    read(at);
    map(linear, pixels, to);
  }
  return file;
}

/** Red, green, blue and exponent bytes of all pixels. */
function readPixels(source: ByteSource, { width, height, pixelsAt }: RadianceHeader): Uint8Array {
  const data = source.read(pixelsAt, source.length - pixelsAt);
  const pixels = new Uint8Array(width * height * 4);
  const early = () => damaged('its pixels end early', source.length);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const row = pixels.subarray(y * width * 4, (y + 1) * width * 4);
    const isPlanar =
      width >= 8 &&
      width < 32_768 &&
      data[at] === 2 &&
      data[at + 1] === 2 &&
      (data[at + 2] ?? 255) < 128;
    at = isPlanar ? readPlanes(row, at + 4) : readFlat(row, at);
  }
  return pixels;

  /** Run lengths of each of the four components. */
  function readPlanes(row: Uint8Array, from: number): number {
    let next = from;
    for (let component = 0; component < 4; component++) {
      for (let to = component; to < row.length;) {
        const code = data[next++];
        if (code === undefined) throw early();
        const isRun = code > 128;
        const count = isRun ? code - 128 : code;
        if (count === 0) throw damaged('a run is empty', pixelsAt + next);
        for (let index = 0; index < count && to < row.length; index++, to += 4) {
          const value = data[isRun ? next : next + index];
          if (value === undefined) throw early();
          row[to] = value;
        }
        next += isRun ? 1 : count;
      }
    }
    return next;
  }

  /** Single pixels; 1, 1, 1 and a count repeats the one before. */
  function readFlat(row: Uint8Array, from: number): number {
    let next = from;
    let shift = 0;
    for (let to = 0; to < row.length;) {
      const pixel = data.subarray(next, next + 4);
      if (pixel.length < 4) throw early();
      next += 4;
      if (pixel[0] === 1 && pixel[1] === 1 && pixel[2] === 1 && to > 0) {
        const end = Math.min(row.length, to + (pixel[3] as number) * 2 ** shift * 4);
        for (; to < end; to++) row[to] = row[to - 4] as number;
        shift += 8;
      } else {
        row.set(pixel, to);
        to += 4;
        shift = 0;
      }
    }
    return next;
  }
}

function damaged(finding: string, byte: number) {
  return damagedImage({ format: 'Radiance HDR', finding, byte });
}
