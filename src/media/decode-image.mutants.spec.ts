import { readFile } from 'node:fs/promises';

import { SalamandraError } from '../errors/salamandra-error.js';
import { decodeImage } from './decode-image.js';

const FOLDER = new URL('../../test/golden/further-images/', import.meta.url);

const ALLOWED_CODES = [
  'MEDIA_CORRUPT',
  'MEDIA_TOO_LARGE',
  'MEDIA_TOO_EXPENSIVE',
  'UNSUPPORTED_FEATURE',
  'UNSUPPORTED_MEDIA_TYPE',
];

/** A repeatable generator of numbers from 0 to 1. Source: Park and Miller, 1988. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Changes one to four bytes, most of them in the header, or cuts the file off. */
function mutate(file: Buffer, random: () => number): Buffer {
  const bytes = Buffer.from(file);
  const changes = 1 + Math.floor(random() * 4);
  for (let change = 0; change < changes; change++) {
    const range = random() < 0.6 ? Math.min(200, bytes.length) : bytes.length;
    bytes[Math.floor(random() * range)] = Math.floor(random() * 256);
  }
  return random() < 0.1 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
}

describe('decodeImage of mutants', () => {
  it.each([
    ['lossless.jp2', 20],
    ['tiles.j2k', 20],
    ['palette.jp2', 20],
    ['rgb-16-bits.jp2', 10],
    ['high-throughput.j2c', 20],
    ['smooth.heic', 20],
    ['lossless.jxl', 20],
    ['32-bits.ico', 40],
  ])('decodes or rejects mutants of %s', async (name, count) => {
    const file = await readFile(new URL(name, FOLDER));
    const random = createRandom(name.length + count);
    for (let mutant = 0; mutant < count; mutant++) {
      const bytes = mutate(file, random);
      if (bytes.length === 0) continue;
      const outcome: unknown = await decodeImage({ bytes }).catch((error: unknown) => error);
      if (outcome instanceof SalamandraError) expect(ALLOWED_CODES).toContain(outcome.code);
      else expect(outcome).not.toBeInstanceOf(Error);
    }
  });
});
