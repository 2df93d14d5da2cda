import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';

import { describeWith, type RequiredProgram } from '../../test/setup/required-program.js';
import { ffmpeg } from '../../test/videos/ffmpeg-videos.js';
import type { SalamandraError } from '../errors/salamandra-error.js';
import { decodeImage, readImageSize } from './decode-image.js';
import { findProgram, PROGRAMS } from './programs/programs.js';

const FOLDER = new URL('../../test/golden/program-images/', import.meta.url);

type Entry = { readonly program: string; readonly file: string } & (
  | { readonly pixels: string; readonly meanError: number }
  | { readonly code: string; readonly text: string }
);

const entries = JSON.parse(readFileSync(new URL('images.json', FOLDER), 'utf8')) as Entry[];
const bytesOf = (file: string) => readFile(new URL(file, FOLDER));

async function refusal(
  bytes: Uint8Array,
  options?: Parameters<typeof decodeImage>[1],
): Promise<SalamandraError> {
  return await decodeImage({ bytes }, options).then(
    () => Promise.reject(new Error('The file was decoded.')),
    (cause: unknown) => cause as SalamandraError,
  );
}

describe('decodeImage without the programs', () => {
  const { PATH, SALAMANDRA_FFMPEG } = process.env;
  beforeAll(() => {
    process.env['PATH'] = '';
    delete process.env['SALAMANDRA_FFMPEG'];
  });
  afterAll(() => {
    if (PATH !== undefined) process.env['PATH'] = PATH;
    if (SALAMANDRA_FFMPEG !== undefined) process.env['SALAMANDRA_FFMPEG'] = SALAMANDRA_FFMPEG;
  });

  it.each([
    ['zip.exr', 'ffmpeg', 'ffmpeg'],
    ['photo.djvu', 'ddjvu', 'djvulibre-bin'],
    ['unknown.raf', 'dcraw_emu', 'libraw-bin'],
  ])('names the program and the package that %s needs', async (file, program, name) => {
    const error = await refusal(await bytesOf(file));

    expect(error.code).toBe('UNSUPPORTED_MEDIA_TYPE');
    expect(error.publicMessage).toContain(`decoded by`);
    expect(error.details).toEqual({ program, package: name });
  });

  it('rejects a raw TIFF file without a preview as before', async () => {
    const error = await refusal(await bytesOf('sensor.dng'));

    expect(error.code).toBe('UNSUPPORTED_FEATURE');
    expect(error.publicMessage).toContain('(DNG) without a full-size preview');
    expect(error.publicMessage).toContain('libraw-bin');
  });
});

const REQUIRED: readonly RequiredProgram[] = [
  {
    name: 'ffmpeg',
    isInstalled: ffmpeg !== null,
    remedy: 'Install ffmpeg (Debian: apt-get install ffmpeg).',
  },
  ...(await Promise.all(
    PROGRAMS.map(async (program) => ({
      name: program.name,
      isInstalled: (await findProgram(program, process.env)) !== null,
      remedy: `Debian: apt-get install ${program.debianPackage}.`,
    })),
  )),
];

for (const required of REQUIRED) {
  const own = entries.filter(({ program }) => program === required.name);
  const isOptional = required.name !== 'ffmpeg';
  if (isOptional && !required.isInstalled) {
    console.warn(`Skipped: files that ${required.name} decodes. ${required.remedy}`);
  }
  const describeIf = isOptional && !required.isInstalled ? describe.skip : describeWith(required);
  describeIf(`decodeImage through ${required.name}`, () => {
    const decoded = own.filter((entry) => 'pixels' in entry);
    const refused = own.filter((entry) => 'code' in entry);

    it.each(decoded)('decodes $file with a mean error up to $meanError', async (entry) => {
      const path = new URL(entry.file, FOLDER).pathname;
      const png = sharp(await bytesOf(`${entry.pixels}.png`)).removeAlpha();
      const { data, info } = await png.raw().toBuffer({ resolveWithObject: true });

      for (const encoded of [{ bytes: await bytesOf(entry.file) }, { path }]) {
        const image = await decodeImage(encoded);

        expect([image.width, image.height]).toEqual([info.width, info.height]);
        expect(await readImageSize(encoded)).toEqual({ width: info.width, height: info.height });
        const total = data.reduce((sum, value, at) => sum + Math.abs(value - image.data[at]!), 0);
        expect(total / data.length).toBeLessThanOrEqual(entry.meanError);
      }
    });

    it.each(refused)('rejects $file with $code', async (entry) => {
      const error = await refusal(await bytesOf(entry.file));

      expect(error.code).toBe(entry.code);
      expect(error.publicMessage).toContain(entry.text);
    });
  });
}

const ddjvu = REQUIRED.find(({ name }) => name === 'ddjvu');
(ddjvu?.isInstalled ? describe : describe.skip)('pages of a DjVu document', () => {
  it('are counted, drawn and reduced', async () => {
    const bytes = await bytesOf('pages.djvu');
    const whole = await decodeImage({ bytes }, { page: 2 });
    const half = await decodeImage(
      { bytes },
      {
        page: 2,
        reduceFor: ({ width, height }) => ({ width: width / 2, height: height / 2 }),
      },
    );

    expect([whole.page, whole.pages]).toEqual([2, 2]);
    expect(half.fullSize).toEqual({ width: whole.width, height: whole.height });
    expect([half.width, half.height]).toEqual(
      [whole.width, whole.height].map((side) => Math.ceil(side / 2)),
    );
  });

  it('are named if they do not exist', async () => {
    const error = await refusal(await bytesOf('pages.djvu'), { page: 3 });

    expect(error.code).toBe('INVALID_PARAMETER');
    expect(error.publicMessage).toBe(
      'The DjVu file has 2 pages, and page 3 was requested. Choose a page from 1 to 2.',
    );
  });
});
