import { pathToFileURL } from 'node:url';

import { upgrade } from '@iiif/parser/upgrader';

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
  itemsOf,
  skippedOf,
} from '../../../../test/jobs/listed-entries.js';
import { createTemporaryFolder } from '../../../../test/setup/temporary-folder.js';
import type { SourceItem } from '../source.js';
import { listIiif } from './list-iiif.js';

const temporary = createTemporaryFolder();
afterAll(() => temporary.remove());

let iiif: IiifServer;

beforeAll(async () => {
  iiif = await startIiifServer();
});

afterAll(() => iiif.close());

async function itemOf(canvas: object, manifest: object = {}): Promise<SourceItem | undefined> {
  iiif.publish({ '/m': { id: `${iiif.base}/m`, type: 'Manifest', ...manifest, items: [canvas] } });
  return itemsOf(await collect(iiif.list('/m')))[0];
}

const SERVICE_3 = { id: 'https://img.org/iiif/1', type: 'ImageService3', profile: 'level2' };

const MANIFEST_2 = {
  '@context': 'http://iiif.io/api/presentation/2/context.json',
  '@id': 'https://x.org/book/manifest',
  '@type': 'sc:Manifest',
  label: 'Llibre d’hores',
  metadata: [
    { label: 'Autor', value: 'Anònim' },
    {
      label: [
        { '@value': 'Data', '@language': 'ca' },
        { '@value': 'Date', '@language': 'en' },
      ],
      value: [
        { '@value': 'segle XV', '@language': 'ca' },
        { '@value': '15th century', '@language': 'en' },
      ],
    },
    { label: 'Source', value: '<a href="https://x.org">Catalogue &amp; more</a>' },
  ],
  license: 'http://creativecommons.org/publicdomain/mark/1.0/',
  attribution: 'Biblioteca',
  sequences: [
    {
      '@type': 'sc:Sequence',
      canvases: ['1r', '1v'].map((label) => ({
        '@id': `https://x.org/book/canvas/${label}`,
        '@type': 'sc:Canvas',
        label,
        height: 4_000,
        width: 3_000,
        images: [
          {
            '@type': 'oa:Annotation',
            motivation: 'sc:painting',
            on: `https://x.org/book/canvas/${label}`,
            resource: {
              '@id': `https://img.org/${label}/full/full/0/default.jpg`,
              '@type': 'dctypes:Image',
              format: 'image/jpeg',
              service: {
                '@context': 'http://iiif.io/api/image/2/context.json',
                '@id': `https://img.org/${label}`,
                profile: 'http://iiif.io/api/image/2/level1.json',
              },
            },
          },
        ],
      })),
    },
  ],
};

describe('listIiif with a manifest', () => {
  it('lists the canvases of version 2 with their records', async () => {
    iiif.publish({ '/m': MANIFEST_2 });

    const items = itemsOf(await collect(iiif.list(`/m`)));

    expect(items).toHaveLength(2);
    expect(items[0]).toEqual({
      identifier: 'https://x.org/book/canvas/1r',
      location: {
        kind: 'iiif-image',
        service: 'https://img.org/1r',
        region: 'full',
        fallback: 'https://img.org/1r/full/full/0/default.jpg',
      },
      record: {
        label: 'Llibre d’hores',
        'canvas label': '1r',
        Autor: 'Anònim',
        'Data@ca': 'segle XV',
        'Data@en': '15th century',
        Source: 'Catalogue & more',
        rights: 'http://creativecommons.org/publicdomain/mark/1.0/',
        attribution: 'Biblioteca',
        manifest: 'https://x.org/book/manifest',
      },
    });
    await expectResumable((after) => iiif.list(`/m`, after));
  });

  it('lists the same of a manifest that @iiif/parser has converted to version 3', async () => {
    // The upgrader loses the licence.
    const { license, ...manifest } = MANIFEST_2;
    expect(license).toBeTruthy();
    const converted = upgrade(structuredClone(manifest));
    iiif.publish({ '/2': manifest, '/3': converted });

    const version3 = await collect(iiif.list(`/3`));

    expect(version3).toHaveLength(2);
    expect(version3).toEqual(await collect(iiif.list(`/2`)));
  });

  it.each<[string, unknown, object]>([
    [
      'an image service of version 3',
      createImage('https://img.org/1.jpg', SERVICE_3),
      { kind: 'iiif-image', service: SERVICE_3.id, fallback: 'https://img.org/1.jpg' },
    ],
    [
      'an image service beside one for authorization',
      {
        ...createImage('https://img.org/1.jpg'),
        service: [
          { '@id': 'https://auth.org', profile: 'http://iiif.io/api/auth/1/login' },
          { '@id': 'https://img.org/iiif/2/info.json', '@type': 'ImageService2' },
        ],
      },
      { kind: 'iiif-image', service: 'https://img.org/iiif/2' },
    ],
    [
      'an image without a service',
      createImage('https://img.org/1.jpg'),
      { kind: 'url', url: 'https://img.org/1.jpg' },
    ],
    [
      'the first of a choice',
      {
        type: 'Choice',
        items: [
          createImage('https://img.org/natural.jpg'),
          createImage('https://img.org/ultraviolet.jpg'),
        ],
      },
      { kind: 'url', url: 'https://img.org/natural.jpg' },
    ],
    [
      'a region of a specific resource',
      {
        type: 'SpecificResource',
        source: createImage('https://img.org/1.jpg', SERVICE_3),
        selector: { type: 'ImageApiSelector', region: '10,20,300,400' },
      },
      { kind: 'iiif-image', service: SERVICE_3.id, region: '10,20,300,400' },
    ],
    [
      'a video',
      { type: 'Video', id: 'https://img.org/1.mp4', format: 'video/mp4', duration: 12.5 },
      { kind: 'url', url: 'https://img.org/1.mp4' },
    ],
    [
      'a video that is no playlist',
      {
        type: 'Choice',
        items: [
          { type: 'Video', id: 'https://img.org/1.m3u8', format: 'application/vnd.apple.mpegurl' },
          { type: 'Video', id: 'https://img.org/1.webm' },
        ],
      },
      { kind: 'url', url: 'https://img.org/1.webm' },
    ],
  ])('locates %s', async (_, body, location) => {
    expect((await itemOf(createCanvas('https://x.org/c', body)))?.location).toMatchObject(location);
  });

  it('reads the choices and regions of version 2', async () => {
    const resources = [
      {
        '@type': 'oa:Choice',
        default: { '@id': 'https://img.org/a.jpg', '@type': 'dctypes:Image' },
        item: [{ '@id': 'https://img.org/b.jpg', '@type': 'dctypes:Image' }],
      },
      {
        '@type': 'oa:SpecificResource',
        full: {
          '@id': 'https://img.org/spread.jpg',
          '@type': 'dctypes:Image',
          service: {
            '@id': 'https://img.org/s',
            profile: 'http://iiif.io/api/image/2/level2.json',
          },
        },
        selector: { '@type': 'iiif:ImageApiSelector', region: '0,0,1500,2000' },
      },
    ];
    iiif.publish({
      '/m': {
        ...MANIFEST_2,
        sequences: [
          {
            canvases: resources.map((resource, index) => ({
              '@id': `https://x.org/${index}`,
              images: [{ resource }],
            })),
          },
        ],
      },
    });

    const items = itemsOf(await collect(iiif.list(`/m`)));

    expect(items.map(({ location }) => location)).toEqual([
      { kind: 'url', url: 'https://img.org/a.jpg' },
      {
        kind: 'iiif-image',
        service: 'https://img.org/s',
        region: '0,0,1500,2000',
        fallback: 'https://img.org/spread.jpg',
      },
    ]);
  });

  it('keeps columns of the same name, and texts in several languages, apart', async () => {
    const item = await itemOf(
      { ...createCanvas('https://x.org/c', createImage('https://img.org/1.jpg')), duration: 7.5 },
      {
        label: { ca: ['Arxiu', 'Fons'], none: ['A'] },
        metadata: [
          { label: { en: ['label'] }, value: { en: ['x'] } },
          { label: { en: ['__proto__'] }, value: { none: [1923] } },
        ],
        requiredStatement: { label: { en: ['Attribution'] }, value: { en: ['Museum'] } },
      },
    );

    expect(Object.entries(item?.record ?? {})).toEqual([
      ['label@ca', 'Arxiu; Fons'],
      ['label', 'A'],
      ['label (2)', 'x'],
      ['__proto__', '1923'],
      ['attribution', 'Museum'],
      ['manifest', `${iiif.base}/m`],
      ['duration', '7.5'],
    ]);
  });

  it('reports canvases without an image, without an id, and manifests without canvases', async () => {
    iiif.publish({
      '/m': {
        id: `${iiif.base}/m`,
        type: 'Manifest',
        items: [
          createCanvas('https://x.org/sound', { type: 'Sound', id: 'https://x.org/a.mp3' }),
          createCanvas('https://x.org/file', createImage('file:///etc/passwd')),
          { type: 'Canvas' },
          { id: 'https://x.org/blank', items: 'nonsense' },
        ],
      },
      '/empty': { id: `${iiif.base}/empty`, type: 'Manifest', items: [] },
    });

    expect(skippedOf(await collect(iiif.list(`/m`)))).toEqual([
      'https://x.org/sound: INVALID_RECORD 1',
      'https://x.org/file: INVALID_RECORD 1',
      `${iiif.base}/m, canvas 3: INVALID_RECORD 1`,
      'https://x.org/blank: INVALID_RECORD 1',
    ]);
    expect(skippedOf(await collect(iiif.list(`/empty`)))).toEqual([
      `${iiif.base}/empty: INVALID_RECORD 1`,
    ]);
    await expectResumable((after) => iiif.list(`/m`, after));
    await expectResumable((after) => iiif.list(`/empty`, after));
  });

  it('reads a manifest from this machine', async () => {
    const path = temporary.write('m.json', `\uFEFF${JSON.stringify(MANIFEST_2)}`);
    const options = { policy: null };

    const entries = await collect(
      listIiif({ kind: 'iiif', url: pathToFileURL(path).href }, options),
    );

    expect(identifiersOf(entries)).toHaveLength(2);
  });
});
