import { imageRequest, parseImageInfo } from './image-request.js';

const V1 = { '@context': 'http://library.stanford.edu/iiif/image-api/1.1/context.json' };
const V2 = { '@context': 'http://iiif.io/api/image/2/context.json', '@id': 'https://x.org/1' };
const V3 = { '@context': 'http://iiif.io/api/image/3/context.json', type: 'ImageService3' };
const SCAN = { width: 6_000, height: 4_000 };
const LEVEL = 'http://iiif.io/api/image/2/level';

function request(json: object, region = 'full', side = 2_304): string {
  const info = parseImageInfo(json);
  if (info === null) throw new Error('No info.');
  return imageRequest(info, region, side);
}

describe('imageRequest', () => {
  it.each<[string, object, string]>([
    [
      'a width at level 1',
      { ...V2, ...SCAN, profile: [`${LEVEL}1.json`] },
      '/full/2304,/0/default.jpg',
    ],
    ['a width at level 2', { ...V3, ...SCAN, profile: 'level2' }, '/full/2304,/0/default.jpg'],
    [
      'the width that fits the height',
      { ...V3, width: 1_000, height: 10_000, profile: 'level1' },
      '/full/230,/0/default.jpg',
    ],
    ['a small image whole (2)', { ...V2, width: 800, height: 600 }, '/full/full/0/default.jpg'],
    ['a small image whole (3)', { ...V3, width: 800, height: 600 }, '/full/max/0/default.jpg'],
    [
      'version 1 by its quality',
      {
        ...V1,
        ...SCAN,
        profile: 'http://library.stanford.edu/iiif/image-api/1.1/compliance.html#level2',
      },
      '/full/2304,/0/native.jpg',
    ],
    [
      'the nearest size at level 0',
      {
        ...V2,
        ...SCAN,
        profile: [`${LEVEL}0.json`],
        sizes: [
          { width: 375, height: 250 },
          { width: 1_500, height: 1_000 },
          { width: 3_000, height: 2_000 },
          { width: 6_000, height: 4_000 },
        ],
      },
      '/full/3000,2000/0/default.jpg',
    ],
    [
      'the whole image at level 0 without sizes (2)',
      { ...V2, ...SCAN },
      '/full/full/0/default.jpg',
    ],
    [
      'the whole image at level 0 without sizes (3)',
      { ...V3, ...SCAN, profile: 'level0' },
      '/full/max/0/default.jpg',
    ],
    [
      'a width that level 0 adds',
      { ...V2, ...SCAN, profile: [`${LEVEL}0.json`, { supports: ['sizeByW'] }] },
      '/full/2304,/0/default.jpg',
    ],
    [
      'a box that level 0 adds',
      { ...V3, ...SCAN, profile: 'level0', extraFeatures: ['sizeByConfinedWh'] },
      '/full/!2304,1536/0/default.jpg',
    ],
    [
      'at most the maximal width (2)',
      { ...V2, ...SCAN, profile: [`${LEVEL}2.json`, { maxWidth: 1_200 }] },
      '/full/1200,/0/default.jpg',
    ],
    [
      'at most the maximal height',
      { ...V3, ...SCAN, profile: 'level2', maxWidth: 2_000, maxHeight: 400 },
      '/full/600,/0/default.jpg',
    ],
    [
      'at most the maximal width for the height too',
      { ...V3, width: 1_000, height: 4_000, profile: 'level2', maxWidth: 1_000 },
      '/full/250,/0/default.jpg',
    ],
    [
      'at most the maximal area',
      { ...V3, ...SCAN, profile: 'level2', maxArea: 600 * 400 },
      '/full/600,/0/default.jpg',
    ],
  ])('asks for %s', (_, json, expected) => {
    expect(request(json)).toBe(expected);
  });

  it('asks for a region in the size that the region needs', () => {
    const info = { ...V3, ...SCAN, profile: 'level2' };

    expect(request(info, '3000,0,3000,4000')).toBe('/3000,0,3000,4000/1728,/0/default.jpg');
    expect(request(info, '0,0,500,400')).toBe('/0,0,500,400/max/0/default.jpg');
    // Only 100 of its 5,000 columns are in the image.
    expect(request(info, '5900,0,5000,4000')).toBe('/5900,0,5000,4000/57,/0/default.jpg');
    expect(request({ ...info, profile: 'level0' }, '0,0,500,400')).toBe('/full/max/0/default.jpg');
  });

  it.each([null, 'text', [], {}, { width: 0, height: 5 }, { width: '5', height: 5 }])(
    'finds no image in %j',
    (json) => {
      expect(parseImageInfo(json)).toBeNull();
    },
  );
});
