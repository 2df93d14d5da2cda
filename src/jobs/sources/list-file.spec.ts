import { collect, expectResumable, itemsOf, skippedOf } from '../../../test/jobs/listed-entries.js';
import { createTemporaryFolder } from '../../../test/setup/temporary-folder.js';
import { listLines, listUrls } from './list-file.js';

const temporary = createTemporaryFolder();
afterAll(() => temporary.remove());

const OPTIONS = { policy: null };

describe('listLines', () => {
  it('lists a path or URL per line', async () => {
    const path = temporary.write(
      'list.txt',
      '\uFEFFa b.jpg\r\n\r\n  in/c.jpg  \nhttps://x.org/d.jpg\n#e.jpg\nf\0.jpg\n/g.jpg',
    );
    const list = (after?: string) => listLines({ kind: 'list', path }, { ...OPTIONS, after });

    const entries = await collect(list());

    const file = (name: string) => ({ kind: 'file', path: name });
    expect(itemsOf(entries).map(({ identifier, location }) => [identifier, location])).toEqual([
      ['a b.jpg', file(temporary.path('a b.jpg'))],
      ['in/c.jpg', file(temporary.path('in/c.jpg'))],
      ['https://x.org/d.jpg', { kind: 'url', url: 'https://x.org/d.jpg' }],
      ['#e.jpg', file(temporary.path('#e.jpg'))],
      ['/g.jpg', file('/g.jpg')],
    ]);
    expect(skippedOf(entries)).toEqual(['row 6: INVALID_RECORD 1']);
    await expectResumable(list);
  });
});

describe('listUrls', () => {
  it('lists URLs in the given order', async () => {
    const urls = ['https://x.org/b.jpg', 'https://x.org/a.jpg'];
    const list = (after?: string) => listUrls({ kind: 'urls', urls }, { ...OPTIONS, after });

    expect(itemsOf(await collect(list()))).toEqual(
      urls.map((url) => ({ identifier: url, location: { kind: 'url', url }, record: {} })),
    );
    await expectResumable(list);
  });
});
