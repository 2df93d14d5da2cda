import { type EncodedFile, memorySource } from '../byte-source.js';
import { decodePnm } from '../pnm/decode-pnm.js';
import { readPnmHeader } from '../pnm/read-pnm-header.js';
import { DDJVU, findProgram, programMissing } from '../programs/programs.js';
import { runProgram } from '../programs/run-program.js';
import { damaged, type DjVuPage } from './read-djvu.js';

/** The largest divisor of ddjvu. */
export const MAX_DJVU_SUBSAMPLING = 12;

const PNM_HEADER_BYTES = 64;

/**
 * Draws a page by ddjvu to a baseline TIFF.
 *
 * @param subsampling 1 to MAX_DJVU_SUBSAMPLING: pixels of the page, on each axis, that become one.
 * @throws MEDIA_CORRUPT, UNSUPPORTED_MEDIA_TYPE without ddjvu
 */
export async function drawDjVu(
  encoded: EncodedFile,
  { position, width, height }: DjVuPage,
  subsampling: number,
): Promise<Uint8Array> {
  const [program] = (await findProgram(DDJVU, process.env)) ?? [];
  if (program === undefined) throw programMissing(DDJVU, 'Export the page as an image.');
  const args = ['-format=ppm', `-subsample=${subsampling}`, `-page=${position.page}`, '-'];
  const drawn = [width, height].map((side) => Math.ceil(side / subsampling)) as [number, number];
  const bytes = drawn[0] * drawn[1] * 3;
  const { status, output, log } = await runProgram(
    program,
    args,
    encoded,
    bytes + PNM_HEADER_BYTES,
  );
  // It draws what it can of a damaged page, and says so.
  if (status !== 0 || log !== '' || output.length < bytes) {
    throw damaged(`ddjvu cannot decode page ${position.page}`);
  }
  const picture = memorySource(output);
  const header = readPnmHeader(picture);
  return decodePnm(picture, header, { across: 1, down: 1 });
}
