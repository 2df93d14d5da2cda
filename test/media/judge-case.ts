import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';

import { SalamandraError } from '../../src/errors/salamandra-error.js';
import type { DecodedImage } from '../../src/media/decoded-image.js';
import { decodeImage } from '../../src/media/decode-image.js';
import { meanError } from './compare-pixels.js';
import type { MatrixCase } from './matrix/matrix-case.js';

/** What the decoder made of a file of the matrix. */
export interface Verdict {
  readonly tried: MatrixCase;
  readonly outcome: Outcome;
  readonly isRight: boolean;
  /** Decoded to other pixels, or refused by the wrong code. */
  readonly problem: string | null;
}

type Outcome =
  | { readonly type: 'pixels'; readonly meanError: number }
  | { readonly type: 'refusal'; readonly code: string };

/** Decodes a file in memory through the code that media workers run, and compares it with what is right. */
export async function judgeCase(folder: string, tried: MatrixCase): Promise<Verdict> {
  const { expected } = tried;
  const decoded = await decode(readFileSync(join(folder, tried.file)));
  if (decoded instanceof SalamandraError) {
    const { code } = decoded;
    const isRight = expected.type === 'refusal' && expected.codes.includes(code);
    const problem = isRight ? null : `${code}: ${decoded.message}`;
    return { tried, outcome: { type: 'refusal', code }, isRight, problem };
  }
  if (expected.type === 'refusal') {
    const problem = `decoded to ${decoded.width} x ${decoded.height}, expected ${expected.codes.join(' or ')}`;
    return { tried, outcome: { type: 'pixels', meanError: NaN }, isRight: false, problem };
  }
  const { reference, bound } = expected;
  const shown = tried.kind === 'drawing' ? await resize(decoded, reference) : decoded;
  const error = meanError(shown, { ...reference, data: reference.read() });
  const isRight = error <= bound;
  const size = `${shown.width} x ${shown.height}`;
  const expectedSize = `${reference.width} x ${reference.height}`;
  const problem = isRight
    ? null
    : `mean error ${error.toFixed(1)} levels, ${size} for ${expectedSize}, bound ${bound}`;
  return { tried, outcome: { type: 'pixels', meanError: error }, isRight, problem };
}

/** @throws any error that is not typed: a fault of the decoder. */
async function decode(bytes: Uint8Array): Promise<DecodedImage | SalamandraError> {
  try {
    return await decodeImage({ bytes });
  } catch (error) {
    if (error instanceof SalamandraError && error.code !== 'INTERNAL') return error;
    throw error;
  }
}

async function resize(
  { width, height, data }: DecodedImage,
  to: { readonly width: number; readonly height: number },
): Promise<DecodedImage> {
  const { data: resized } = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(to.width, to.height, { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: to.width, height: to.height, data: resized };
}
