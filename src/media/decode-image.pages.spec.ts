import { type TiffPageOutline, writeTiffPages } from '../../test/media/tiff-pages.js';
import type { SalamandraError } from '../errors/salamandra-error.js';
import { decodeImage, readImageSize } from './decode-image.js';
import { encodePng } from './encode-png.js';
import { parsePageRange } from './page-range.js';

const page = (brightness: number, size = 8, subfileType = 0): TiffPageOutline => ({
  ...{ width: size, height: size / 2, brightness, subfileType },
});

/** Pages of a file and the expected brightness of each. */
const FILES: readonly (readonly [string, readonly TiffPageOutline[], readonly number[], number])[] =
  [
    ['of a document', [page(10, 8, 2), page(20, 16, 2), page(30, 12, 2)], [10, 20, 30], 1],
    ['without page flags', [page(10), page(20, 16), page(30, 12)], [10, 20, 30], 2],
    ['after a thumbnail', [page(10, 4, 1), page(20, 16), page(30, 12)], [20, 30], 1],
    ['with masks', [page(10), page(20, 8, 4), page(30), page(40, 8, 4)], [10, 30], 1],
  ];

async function refusal(bytes: Uint8Array, number: number): Promise<SalamandraError> {
  return await decodeImage({ bytes }, { page: number }).then(
    () => Promise.reject(new Error('The page was decoded.')),
    (error: unknown) => error as SalamandraError,
  );
}

describe('pages of a TIFF file', () => {
  it.each(FILES)('are counted %s', async (_, pages, brightness, chosen) => {
    const bytes = writeTiffPages(pages);
    const decoded = [];
    for (const index of brightness.keys()) {
      decoded.push(await decodeImage({ bytes }, { page: index + 1 }));
    }

    expect(decoded.map(({ data }) => data[0])).toEqual(brightness);
    expect(decoded.map((one) => [one.page, one.pages])).toEqual(
      brightness.map((_value, index) => [index + 1, brightness.length]),
    );
    const unasked = await decodeImage({ bytes });
    expect([unasked.page, unasked.pages]).toEqual([chosen, brightness.length]);
    expect(unasked.data[0]).toBe(brightness[chosen - 1]);
  });

  it('have sizes of their own', async () => {
    const bytes = writeTiffPages([page(10), page(20, 16)]);
    expect(await readImageSize({ bytes }, { page: 1 })).toEqual({ width: 8, height: 4 });
    expect(await readImageSize({ bytes }, { page: 2 })).toEqual({ width: 16, height: 8 });
  });

  it('are refused with their number if they do not exist', async () => {
    const error = await refusal(writeTiffPages([page(10), page(20)]), 3);
    expect(error.code).toBe('INVALID_PARAMETER');
    expect(error.publicMessage).toContain('The TIFF file has 2 pages, and page 3 was requested.');
    expect(error.details).toMatchObject({ parameter: 'page', page: 3, pages: 2 });
  });
});

it('refuses a page of a format without pages, except the first', async () => {
  const bytes = await encodePng({ width: 2, height: 1, data: new Uint8Array(6).fill(7) });
  expect(await decodeImage({ bytes }, { page: 1 })).toMatchObject({ page: 1, pages: 1 });
  expect((await refusal(bytes, 2)).publicMessage).toContain('A PNG file has no pages');
});

it.each([
  ['2-4', { first: 2, last: 4 }],
  ['3', { first: 3, last: 3 }],
  ['4-2', null],
  ['0-1', null],
  ['1-', null],
  ['1,3', null],
  ['1-100001', null],
  ['', null],
])('parses the page range "%s"', (text, expected) => {
  expect(parsePageRange(text)).toEqual(expected);
});
