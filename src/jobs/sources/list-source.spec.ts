import { mkdirSync } from 'node:fs';

import { collect, itemsOf } from '../../../test/jobs/listed-entries.js';
import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import { listSource } from './list-source.js';
import type { SourceSpec } from './source.js';

const temporary = createTemporaryFolder();
afterAll(() => temporary.remove());

function list(spec: SourceSpec) {
  return collect(listSource(spec, { policy: null }));
}

describe('listSource', () => {
  it('makes texts fit for a database', async () => {
    const path = temporary.write(
      'a.jsonl',
      '{"id":"a\\u0000b","file":"a.jpg","no\\u0000te":"\\ud83d half \\ud83d\\ude00"}\n',
    );

    const [item] = itemsOf(await list({ kind: 'table', path }));

    expect(item).toEqual({
      identifier: 'a\uFFFDb',
      location: { kind: 'file', path: temporary.path('a.jpg') },
      record: { id: 'a\uFFFDb', file: 'a.jpg', 'no\uFFFDte': '\uFFFD half 😀' },
    });
  });

  it('reports identifiers that no index holds', async () => {
    const urls = [`https://x.org/${'é'.repeat(1_017)}`, `https://x.org/${'é'.repeat(1_018)}`];

    const entries = await list({ kind: 'urls', urls });

    expect(itemsOf(entries)).toHaveLength(1);
    expect(entries.slice(1)).toEqual([
      {
        skipped: {
          entry: `${urls[1]!.slice(0, 200)}…`,
          code: 'INVALID_NAME',
          reason: 'The identifier has 2050 bytes, and the limit is 2048.',
          count: 1,
        },
        cursor: '2',
      },
    ]);
  });

  it('keeps to the roots, and tells them to whoever opens the items', async () => {
    mkdirSync(temporary.path('archive'));
    temporary.write('archive/a.jpg', '');
    const folder = { kind: 'folder' as const, path: temporary.path('archive') };

    const roots = [temporary.path('')];
    expect(itemsOf(await list({ ...folder, roots }))).toEqual([
      {
        identifier: 'a.jpg',
        location: { kind: 'file', path: temporary.path('archive/a.jpg'), roots },
        record: {},
      },
    ]);
    await expect(list({ ...folder, roots: [temporary.path('other')] })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });
});
