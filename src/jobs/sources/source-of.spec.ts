import { mkdirSync } from 'node:fs';
import { relative } from 'node:path';
import { pathToFileURL } from 'node:url';

import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import { sourceOf } from './source-of.js';

const temporary = createTemporaryFolder();
afterAll(() => temporary.remove());

describe('sourceOf', () => {
  it('takes folders as such, whatever their name', async () => {
    mkdirSync(temporary.path('photos.csv'));

    expect(await sourceOf(relative('.', temporary.path('photos.csv')))).toEqual({
      kind: 'folder',
      path: temporary.path('photos.csv'),
    });
  });

  it.each([
    ['a.csv', 'table'],
    ['a.TSV', 'table'],
    ['a.ndjson', 'table'],
    ['a.txt', 'list'],
    ['a.zip', 'zip'],
  ])('takes %s as a %s', async (name, kind) => {
    expect(await sourceOf(temporary.write(name, ''))).toEqual({ kind, path: temporary.path(name) });
  });

  it('takes JSON files as IIIF documents', async () => {
    const path = temporary.write('a manifest.json', '{}');

    expect(await sourceOf(path)).toEqual({ kind: 'iiif', url: pathToFileURL(path).href });
  });

  it.each([
    ['https://x.org/iiif/1/manifest', { kind: 'iiif', url: 'https://x.org/iiif/1/manifest' }],
    ['https://x.org/m.json?v=2', { kind: 'iiif', url: 'https://x.org/m.json?v=2' }],
    ['HTTPS://x.org/a.JPG?w=3', { kind: 'urls', urls: ['HTTPS://x.org/a.JPG?w=3'] }],
  ])('takes %s as %j', async (url, spec) => {
    expect(await sourceOf(url)).toEqual(spec);
  });

  it('rejects what is no source', async () => {
    await expect(sourceOf(temporary.path('absent'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(sourceOf(temporary.write('a.xlsx', ''))).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      publicMessage: expect.stringContaining('Save spreadsheets as CSV.') as string,
    });
  });
});
