import { pathToFileURL } from 'node:url';

import { admitServer } from '../../../../test/http/media-server.js';
import {
  createCanvas,
  createImage,
  type IiifServer,
  startIiifServer,
} from '../../../../test/jobs/iiif-server.js';
import {
  collect,
  expectResumable,
  identifiersOf,
  skippedOf,
} from '../../../../test/jobs/listed-entries.js';
import { createTemporaryFolder } from '../../../../test/setup/temporary-folder.js';
import { listIiif } from './list-iiif.js';

const temporary = createTemporaryFolder();
afterAll(() => temporary.remove());

let iiif: IiifServer;

beforeAll(async () => {
  iiif = await startIiifServer();
});

afterAll(() => iiif.close());

describe('listIiif with a collection', () => {
  const manifest = (name: string, ...canvases: string[]) => ({
    id: `${iiif.base}/${name}`,
    type: 'Manifest',
    items: canvases.map((id) => createCanvas(id, createImage('https://img.org/1.jpg'))),
  });

  it('walks nested collections in both versions, cycles and repeated manifests once', async () => {
    iiif.publish({
      '/top': {
        id: `${iiif.base}/top`,
        type: 'Collection',
        items: [
          { id: `${iiif.base}/a`, type: 'Manifest' },
          { id: `${iiif.base}/inner`, type: 'Collection' },
          { id: `${iiif.base}/a`, type: 'Manifest' },
          { id: `${iiif.base}/z`, type: 'Manifest' },
        ],
      },
      '/inner': {
        '@id': `${iiif.base}/inner`,
        '@type': 'sc:Collection',
        members: [{ '@id': `${iiif.base}/b`, '@type': 'sc:Manifest' }],
        collections: [{ '@id': `${iiif.base}/top`, '@type': 'sc:Collection' }],
        manifests: [`${iiif.base}/b`, { '@id': `${iiif.base}/a` }, manifest('embedded', 'e1')],
      },
      '/a': manifest('a', 'a1', 'a2'),
      '/b': manifest('b', 'b1'),
      '/z': manifest('z', 'z1'),
    });

    const entries = await collect(iiif.list(`/top`));

    expect(identifiersOf(entries)).toEqual(['a1', 'a2', 'b1', 'e1', 'z1']);
    expect(entries.map(({ cursor }) => cursor)).toEqual(['0.0', '0.1', '1.0.0', '1.3.0', '2.0']);
    const behindInner = await collect(iiif.list(`/top`, '1.3.0'));
    expect(identifiersOf(behindInner)).toEqual(['z1']);
  });

  it('goes on behind any entry, without reading the documents before it', async () => {
    iiif.publish({
      '/top': {
        id: `${iiif.base}/top`,
        type: 'Collection',
        items: ['a', 'gone', 'inner', 'z'].map((name) => ({ id: `${iiif.base}/${name}` })),
      },
      '/inner': { id: `${iiif.base}/inner`, type: 'Collection', items: [{ id: `${iiif.base}/b` }] },
      '/a': manifest('a', 'a1', 'a2'),
      '/b': manifest('b', 'b1', 'b2'),
      '/z': manifest('z', 'z1'),
    });

    await expectResumable((after) => iiif.list(`/top`, after));
    const before = iiif.server.requests.length;
    await collect(iiif.list(`/top`, '2.0.0'));
    expect(iiif.server.requests.slice(before).map(({ url }) => url)).toEqual([
      '/top',
      '/inner',
      '/b',
      '/z',
    ]);
  });

  it('reads the pages of a collection', async () => {
    iiif.publish({
      '/top': {
        '@id': `${iiif.base}/top`,
        '@type': 'sc:Collection',
        first: `${iiif.base}/1`,
        total: 2,
      },
      '/1': {
        '@id': `${iiif.base}/1`,
        manifests: [{ '@id': `${iiif.base}/a` }],
        next: `${iiif.base}/2`,
      },
      '/2': {
        '@id': `${iiif.base}/2`,
        manifests: [{ '@id': `${iiif.base}/b` }],
        next: `${iiif.base}/1`,
      },
      '/a': manifest('a', 'a1'),
      '/b': manifest('b', 'b1'),
    });

    expect(identifiersOf(await collect(iiif.list(`/top`)))).toEqual(['a1', 'b1']);
    await expectResumable((after) => iiif.list(`/top`, after));
  });

  it('reports a document that is missing or no manifest, and asks a busy server again', async () => {
    iiif.publish({
      '/top': {
        id: `${iiif.base}/top`,
        type: 'Collection',
        items: ['missing', 'busy', 'other'].map((name) => ({ id: `${iiif.base}/${name}` })),
      },
      '/busy': [503, manifest('busy', 'b1')],
      '/other': { id: `${iiif.base}/other`, type: 'Range' },
    });

    const entries = await collect(iiif.list(`/top`));

    expect(identifiersOf(entries)).toEqual(['b1']);
    expect(skippedOf(entries)).toEqual([
      `${iiif.base}/missing: UNREADABLE 1`,
      `${iiif.base}/other: UNREADABLE 1`,
    ]);
    expect(entries[0]).toMatchObject({
      skipped: {
        reason:
          'The server of the IIIF document answered 404. Open its URL in a browser, and try again later.',
      },
    });
  });

  it('stops at the limit of nested collections', async () => {
    iiif.publish(
      Object.fromEntries(
        Array.from({ length: 12 }, (_, depth) => [
          `/${depth}`,
          {
            id: `${iiif.base}/${depth}`,
            type: 'Collection',
            items: [{ id: `${iiif.base}/${depth + 1}` }],
          },
        ]),
      ),
    );

    expect(skippedOf(await collect(iiif.list(`/0`)))).toEqual([`${iiif.base}/9: LIMIT 1`]);
  });
});

describe('listIiif rejects', () => {
  it.each<[string, object | number, string]>([
    ['another document', { type: 'Annotation' }, 'INVALID_REQUEST'],
    ['a list', [[1]], 'INVALID_REQUEST'],
    ['a missing document', 404, 'MEDIA_FETCH_FAILED'],
  ])('%s', async (_, document, code) => {
    iiif.publish({ '/m': document });

    await expect(collect(iiif.list(`/m`))).rejects.toMatchObject({ code });
  });

  it('private addresses, in the document and in its children', async () => {
    iiif.publish({
      '/top': {
        id: `${iiif.base}/top`,
        type: 'Collection',
        items: [{ id: 'http://127.0.0.1:80/m' }],
      },
    });
    const policy = admitServer(iiif.server, { allowsAddress: () => false });
    const denied = listIiif({ kind: 'iiif', url: `${iiif.base}/m` }, { policy });

    await expect(collect(denied)).rejects.toMatchObject({ code: 'MEDIA_URL_REJECTED' });
    expect(skippedOf(await collect(iiif.list(`/top`)))).toEqual([
      'http://127.0.0.1:80/m: UNREADABLE 1',
    ]);
  });

  it('every URL while they are off', async () => {
    const off = listIiif({ kind: 'iiif', url: `${iiif.base}/m` }, { policy: null });

    await expect(collect(off)).rejects.toMatchObject({ code: 'MEDIA_URL_REJECTED' });
  });

  it('a file that is no JSON', async () => {
    const { href } = pathToFileURL(temporary.write('page.json', '<html>'));
    const local = listIiif({ kind: 'iiif', url: href }, { policy: null });

    await expect(collect(local)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('a cursor of another source', async () => {
    iiif.publish({ '/m': { type: 'Manifest', items: [] } });

    await expect(collect(iiif.list(`/m`, '0:a.jpg'))).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  });
});
