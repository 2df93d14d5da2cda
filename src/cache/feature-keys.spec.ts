import { createGeometry } from '../../test/golden/vision-golden.js';
import { createRandom } from '../decoder/sampling/random.js';
import { type Detail, planTiles } from '../vision/plan-tiles.js';
import { isFullSampling, videoKey, fitsBudget, isFullDetail, imageKey } from './feature-keys.js';

const geometry = createGeometry({
  tileSide: 56,
  patchesPerSide: 4,
  maxTilesCap: 9,
  pinpointTiles: [1, 2, 3].flatMap((rows) =>
    [1, 2, 3].map((columns): [number, number] => [rows, columns]),
  ),
});

describe('imageKey', () => {
  const [first, second] = ['a'.repeat(64), 'b'.repeat(64)];

  it('differs if and only if the tiles may differ', () => {
    const details: readonly Detail[] = ['low', 'auto', 'high'];
    const keys = [first, second].flatMap((sha256) => [
      ...details.map((detail) => imageKey(sha256, 'anyres', detail)),
      imageKey(sha256, 'square', 'auto'),
    ]);
    expect(new Set(keys).size).toBe(8);
    const pages = [undefined, 1, 2].map((page) => imageKey(first, 'square', 'auto', page));
    expect(new Set(pages).size).toBe(3);
    expect(imageKey('a'.repeat(64), 'anyres', 'low')).toBe(keys[0]);
    // A single tile is the same at any detail.
    expect(imageKey(first, 'square', 'high')).toBe(imageKey(first, 'square', 'low'));
    expect(imageKey(first, 'single-tile', 'high')).toBe(imageKey(first, 'single-tile', 'low'));
  });
});

describe('videoKey', () => {
  it('differs for another file or another frame sampling', () => {
    const range = { startSeconds: 0, endSeconds: 2 };
    const keys = [
      videoKey('a', { mode: 'uniform', frames: { count: 8 } }),
      videoKey('b', { mode: 'uniform', frames: { count: 8 } }),
      videoKey('a', { mode: 'scene', frames: { count: 8 } }),
      videoKey('a', { mode: 'uniform', frames: { perSecond: 8 } }),
      videoKey('a', { mode: 'uniform', frames: { count: 8 }, range }),
      videoKey('a', {
        mode: 'uniform',
        frames: { count: 8 },
        range: { ...range, endSeconds: null },
      }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('fitsBudget', () => {
  it('accepts cached features exactly if the budget would give the same tiles', () => {
    const random = createRandom(3);
    const upTo = (limit: number) => Math.floor(random() * limit);
    let fullDetails = 0;
    for (let round = 0; round < 500; round++) {
      const size = { width: 1 + upTo(400), height: 1 + upTo(400) };
      const detail = (['low', 'auto', 'high'] as const)[upTo(3)]!;
      const [cachedBudget, budget] = [17 + upTo(200), 17 + upTo(200)];
      const plan = planTiles(size, geometry, detail, cachedBudget);
      if (!isFullDetail(plan, geometry)) continue;
      fullDetails += 1;
      const report = {
        ...({
          kind: 'image',
          ...plan.imageSize,
          tiles: plan.tiles,
          grid: plan.grid,
          ...{ blank: false, page: 1, pages: 1 },
        } as const),
        ...{ visualTokens: plan.visualTokens, sha256: '' },
      };
      const cached = { features: { shape: [0], data: new Float32Array() }, report };

      const expected = planTiles(size, geometry, detail, budget);

      expect(fitsBudget(cached, { maxVisualTokens: budget, maxFrames: 1 })).toBe(
        expected.visualTokens === plan.visualTokens && expected.tiles === plan.tiles,
      );
    }
    expect(fullDetails).toBeGreaterThan(200);
  });
});

describe('isFullSampling', () => {
  it.each([
    ['true for all requested frames', 8, 8, true],
    ['false for fewer frames', 8, 7, false],
    ['true for the sampling limit of 64 frames', 1_000, 64, true],
  ])('is %s', (_, requested, maxFrames, expected) => {
    expect(isFullSampling(requested, maxFrames)).toBe(expected);
  });
});
