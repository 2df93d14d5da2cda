import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';

import type { SalamandraError } from '../errors/salamandra-error.js';
import { decodeImage, readImageSize } from './decode-image.js';

/** Each has the program that wrote its files. */
const FOLDERS = ['images', 'further-images'].map(
  (name) => new URL(`../../test/golden/${name}/`, import.meta.url),
);

type Entry =
  | { readonly file: string; readonly pixels: string; readonly meanError: number }
  | { readonly file: string; readonly code: string; readonly text: string };

const entries = FOLDERS.flatMap((folder) => {
  const listed = JSON.parse(readFileSync(new URL('images.json', folder), 'utf8')) as Entry[];
  return listed.map((entry) => ({ ...entry, folder }));
});
const decoded = entries.filter((entry) => 'pixels' in entry);
const refused = entries.filter((entry) => 'code' in entry);

async function readPixels(name: string, folder: URL) {
  const png = sharp(await readFile(new URL(`${name}.png`, folder)));
  return await png.raw().toBuffer({ resolveWithObject: true });
}

describe('decodeImage of files from other programs', () => {
  it.each(decoded)('decodes $file with a mean error up to $meanError', async (entry) => {
    const bytes = await readFile(new URL(entry.file, entry.folder));
    const image = await decodeImage({ bytes });
    const { data, info } = await readPixels(entry.pixels, entry.folder);

    expect([image.width, image.height]).toEqual([info.width, info.height]);
    expect(await readImageSize({ bytes })).toEqual({ width: info.width, height: info.height });
    const total = data.reduce((sum, value, at) => sum + Math.abs(value - image.data[at]!), 0);
    expect(total / data.length).toBeLessThanOrEqual(entry.meanError);
    expect(image.isBlank).toBe(false);
  });

  it.each(refused)('rejects $file with $code', async (entry) => {
    const bytes = await readFile(new URL(entry.file, entry.folder));
    const error: SalamandraError = await decodeImage({ bytes }).then(
      () => Promise.reject(new Error('The file was decoded.')),
      (cause: unknown) => cause as SalamandraError,
    );

    expect(error.code).toBe(entry.code);
    expect(error.publicMessage).toContain(entry.text);
  });
});
