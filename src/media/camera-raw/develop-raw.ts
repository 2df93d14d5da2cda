import { MAX_CAMERA_RAW_PIXELS, MAX_WHOLE_IMAGE_PIXELS } from '../../config/limits.js';
import { type EncodedFile, memorySource } from '../byte-source.js';
import { damagedImage, unsupportedFeature } from '../image-errors.js';
import { type OpenedImage, toInput, wholeOnly } from '../opened-image.js';
import { decodePnm } from '../pnm/decode-pnm.js';
import { readPnmHeader } from '../pnm/read-pnm-header.js';
import { DCRAW_EMU, findProgram, programMissing } from '../programs/programs.js';
import { runProgram } from '../programs/run-program.js';

/** Bytes of raw-identify's description. */
const MAX_DESCRIPTION_BYTES = 100_000;

/** LibRaw opens its input by name; the file is the standard input. */
const INPUT = '/dev/stdin';

const PNM_HEADER_BYTES = 64;
const ADVICE = 'Develop it in a raw converter, and send a JPEG or TIFF.';

/**
 * Opens a camera raw file whose sensor data LibRaw develops: with the white balance of the camera, in sRGB, brightened
 * so that one pixel in a hundred is white. Pictures above MAX_WHOLE_IMAGE_PIXELS, and those that are needed at half
 * their size, are developed at half size.
 *
 * @throws UNSUPPORTED_MEDIA_TYPE without the programs, UNSUPPORTED_FEATURE for a camera that LibRaw does not know
 */
export async function openCameraRaw(encoded: EncodedFile): Promise<OpenedImage> {
  const programs = await findProgram(DCRAW_EMU, process.env);
  if (!programs) throw programMissing(DCRAW_EMU, ADVICE);
  const [program, identify] = programs as [string, string];
  const size = await readSize(identify, encoded);
  if (!size) {
    const feature = 'sensor data that the installed LibRaw does not know';
    throw unsupportedFeature('camera raw', feature, ADVICE);
  }
  return {
    ...size,
    ...{ channels: 3, frames: 1, limit: wholeOnly(MAX_CAMERA_RAW_PIXELS), reducesBy: 'levels' },
    async load(_, { across, down }) {
      const isLarge = size.width * size.height > MAX_WHOLE_IMAGE_PIXELS;
      const isHalved = isLarge || Math.min(across, down) >= 2;
      return toInput(await develop(program, encoded, size, isHalved));
    },
  };
}

/** Upright size in pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** The size of the developed picture; `null` if LibRaw does not read the file. */
async function readSize(identify: string, encoded: EncodedFile): Promise<Size | null> {
  const { output } = await runProgram(identify, ['-v', INPUT], encoded, MAX_DESCRIPTION_BYTES);
  const description = Buffer.from(output).toString('latin1');
  const [, width, height] = /^Output size:\s+(\d{1,6}) x (\d{1,6})$/m.exec(description) ?? [];
  return width && height ? { width: Number(width), height: Number(height) } : null;
}

async function develop(
  program: string,
  encoded: EncodedFile,
  { width, height }: Size,
  isHalved: boolean,
): Promise<Uint8Array> {
  const args = ['-w', '-o', '1', ...(isHalved ? ['-h'] : []), '-Z', '-', INPUT];
  const divisor = isHalved ? 2 : 1;
  const pixels = Math.ceil(width / divisor) * Math.ceil(height / divisor);
  const maxBytes = pixels * 3 + PNM_HEADER_BYTES;
  const { status, output, log } = await runProgram(program, args, encoded, maxBytes);
  // It develops what it can of damaged data, and says so.
  if (status !== 0 || log !== '' || output.length === 0) {
    throw damagedImage({ format: 'camera raw', finding: 'its sensor data cannot be decoded' });
  }
  const picture = memorySource(output);
  return decodePnm(picture, readPnmHeader(picture), { across: 1, down: 1 });
}
