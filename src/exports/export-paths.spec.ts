import { exportPath, safePath } from './export-paths.js';

const FOLDER = { kind: 'folder', path: '/photos' } as const;

describe('safePath', () => {
  it.each(['a.jpg', 'album/Plaça de l’Església.jpg', 'a/b/c.tif', '.hidden'])(
    'keeps %s',
    (path) => {
      expect(safePath(path)).toBe(path);
    },
  );

  it.each([
    ['../../etc/passwd', /^etc\/passwd-[\da-f]{8}$/],
    ['/etc/passwd', /^etc\/passwd-[\da-f]{8}$/],
    ['a//b.jpg', /^a\/b-[\da-f]{8}\.jpg$/],
    ['C:\\x\\..\\y.jpg', /^C__x_\.\._y-[\da-f]{8}\.jpg$/],
    ['a\0b\u202egpj.exe', /^a_b_gpj-[\da-f]{8}\.exe$/],
    ['name. ', /^name-[\da-f]{8}$/],
    ['..', /^item-[\da-f]{8}$/],
  ])('changes %j', (path, expected) => {
    expect(safePath(path)).toMatch(expected);
  });

  it('shortens long names to what file systems store', () => {
    const path = safePath(`${'ñ'.repeat(300)}.jpg`);

    expect(Buffer.byteLength(path)).toBeLessThan(255);
    expect(path).toMatch(/^ñ+-[\da-f]{8}\.jpg$/);
  });

  it('gives different names to paths that become the same', () => {
    expect(safePath('a?.jpg')).not.toBe(safePath('a*.jpg'));
  });
});

describe('exportPath', () => {
  it('is the path in the folder, or relative to a table', () => {
    const location = { kind: 'file', path: '/photos/a/b.jpg' } as const;

    expect(exportPath({ identifier: 'x', location }, FOLDER)).toBe('a/b.jpg');
    expect(
      exportPath({ identifier: 'x', location }, { kind: 'table', path: '/photos/records.csv' }),
    ).toBe('a/b.jpg');
    expect(
      exportPath({ identifier: 'x', location }, { kind: 'table', path: '/tables/records.csv' }),
    ).toMatch(/^b-[\da-f]{8}\.jpg$/);
  });

  it('derives paths from URLs and canvases', () => {
    const url = 'https://x.example/a%20b/c.jpg?size=1';
    expect(
      exportPath(
        { identifier: url, location: { kind: 'url', url } },
        { kind: 'urls', urls: [url] },
      ),
    ).toMatch(/^x\.example\/a b\/c-[\da-f]{8}\.jpg$/);
    const location = {
      ...({ kind: 'iiif-image', region: 'full', fallback: null } as const),
      service: 'https://x.example/iiif/1',
    };
    const identifier = 'https://x.example/canvas/1';
    expect(
      exportPath({ identifier, location }, { kind: 'iiif', url: 'https://x.example/m' }),
    ).toMatch(/^x\.example\/canvas\/1-[\da-f]{8}$/);
  });
});
