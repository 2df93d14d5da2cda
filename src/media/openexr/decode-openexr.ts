import { MAX_FFMPEG_ALLOCATION_BYTES } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { type ByteSource, type EncodedFile } from '../byte-source.js';
import { findFfmpegOnce } from '../find-ffmpeg.js';
import { createSceneMap, createSceneMeter } from '../hdr/tone-map-scene.js';
import { unsupportedFeature } from '../image-errors.js';
import { runProgram } from '../programs/run-program.js';
import { createBaselineTiff } from '../tiff/baseline-tiff.js';
import { checkBlocks, damaged, type OpenExrHeader } from './read-openexr.js';
import { toBt709 } from './to-bt709.js';

/**
 * Decodes an OpenEXR file by ffmpeg to a baseline TIFF, tone-mapped by `createSceneMap`. Alpha is divided out before,
 * because OpenEXR stores colors multiplied by it.
 *
 * @throws MEDIA_CORRUPT, UNSUPPORTED_FEATURE, UNSUPPORTED_MEDIA_TYPE without ffmpeg
 */
export async function decodeOpenExr(
  encoded: EncodedFile,
  source: ByteSource,
  header: OpenExrHeader,
): Promise<Uint8Array> {
  checkBlocks(source, header);
  const read = createSampleReader(await readPlanes(encoded, source, header), header);
  const { width, height, planes } = header;
  const hasAlpha = planes.includes('A');
  const convert = toBt709(header.chromaticities);
  const { file, pixels } = createBaselineTiff({
    ...{ width, height, colorSamples: 3, alpha: hasAlpha ? 'straight' : null },
    ...{ orientation: 1, iccProfile: new Uint8Array() },
  });
  const linear: [number, number, number] = [0, 0, 0];
  const meter = createSceneMeter();
  for (let at = 0; at < width * height; at++) {
    read(at, linear);
    convert(linear);
    meter.add(...linear);
  }
  const map = createSceneMap(meter.range());
  for (let at = 0, to = 0; at < width * height; at++, to += hasAlpha ? 4 : 3) {
    const alpha = read(at, linear);
    convert(linear);
    map(linear, pixels, to);
    if (hasAlpha) pixels[to + 3] = Math.round(Math.min(Math.max(alpha, 0), 1) * 255);
  }
  return file;
}

/** ffmpeg's planes, one after another. */
async function readPlanes(
  encoded: EncodedFile,
  source: ByteSource,
  { width, height, planes, compression }: OpenExrHeader,
): Promise<Uint8Array> {
  const { ffmpegPath } = await findFfmpegOnce().catch((cause: unknown) => {
    throw new SalamandraError(
      'UNSUPPORTED_MEDIA_TYPE',
      'OpenEXR images are decoded by ffmpeg, which is not installed. Convert the image to TIFF. Or install ffmpeg 4.3 or newer on the server.',
      { details: { program: 'ffmpeg', package: 'ffmpeg' }, cause },
    );
  });
  const args = [
    ...['-nostdin', '-hide_banner', '-v', 'error', '-threads', '1'],
    ...['-max_alloc', String(MAX_FFMPEG_ALLOCATION_BYTES), '-protocol_whitelist', 'pipe'],
    ...['-format_whitelist', 'exr_pipe', '-codec_whitelist', 'exr'],
    ...['-f', 'exr_pipe', '-frame_size', String(source.length), '-i', 'pipe:0'],
    ...['-frames:v', '1', '-f', 'rawvideo', 'pipe:1'],
  ];
  const samples = width * height * planes.length;
  const { status, output, log } = await runProgram(ffmpegPath, args, encoded, samples * 4);
  const isKnown = output.length === samples * 4 || output.length === samples * 2;
  if (status !== 0 || log !== '' || !isKnown) {
    if (/not (?:yet )?(?:supported|implemented)|unknown compression|unsupported/i.test(log)) {
      throw unsupportedFeature(
        'OpenEXR',
        `compression ${compression} or another feature that the installed ffmpeg does not read`,
        'Save it with ZIP compression, or as TIFF.',
        log,
      );
    }
    throw damaged('ffmpeg cannot decode it');
  }
  if (isEmpty(output)) {
    const remedy =
      'ffmpeg answers the same for what it cannot decode. Save a black picture in another format.';
    throw unsupportedFeature('OpenEXR', 'only samples of 0', remedy);
  }
  return output;
}

function isEmpty(output: Uint8Array): boolean {
  return Buffer.from(output.buffer, output.byteOffset, output.length).every((byte) => byte === 0);
}

/** Reads a pixel's red, green and blue, without the factor of alpha, and returns its alpha. */
type ReadPixel = (at: number, into: [number, number, number]) => number;

/** ffmpeg widens half to float up to version 7. */
function createSampleReader(output: Uint8Array, header: OpenExrHeader): ReadPixel {
  const { width, height, planes } = header;
  const count = width * height;
  const isFloat = output.length === count * planes.length * 4;
  const samples = isFloat
    ? new Float32Array(output.buffer, output.byteOffset, count * planes.length)
    : new Uint16Array(output.buffer, output.byteOffset, count * planes.length);
  const halves = isFloat ? null : createHalfTable();
  const planeOf = (name: 'R' | 'G' | 'B' | 'A') =>
    count * Math.max(0, planes.indexOf(planes[0] === 'Y' ? 'Y' : name));
  const [red, green, blue, alphaAt] = [planeOf('R'), planeOf('G'), planeOf('B'), planeOf('A')];
  const hasAlpha = planes.includes('A');
  const value = (at: number) => {
    const sample = samples[at] as number;
    return halves ? (halves[sample] as number) : sample;
  };
  return (at, into) => {
    const alpha = hasAlpha ? value(alphaAt + at) : 1;
    const scale = hasAlpha && alpha > 0 ? 1 / Math.min(alpha, 1) : 1;
    into[0] = value(red + at) * scale;
    into[1] = value(green + at) * scale;
    into[2] = value(blue + at) * scale;
    return alpha;
  };
}

/** The values of all half-precision numbers. Source: IEEE 754, binary16. */
function createHalfTable(): Float32Array {
  return Float32Array.from({ length: 65_536 }, (_, bits) => {
    const sign = bits >= 32_768 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = (bits & 1023) / 1024;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    return exponent === 0
      ? sign * fraction * 2 ** -14
      : sign * (1 + fraction) * 2 ** (exponent - 15);
  });
}
