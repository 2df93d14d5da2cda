import { createRandom } from '../decoder/sampling/random.js';
import { type Detail, planTiles } from '../vision/plan-tiles.js';
import type { VisionGeometry } from '../vision/vision-geometry.js';
import { isFullSampling, videoKey, fitsBudget, isFullDetail, imageKey } from './feature-keys.js';

const geometry: VisionGeometry = {
  patchesPerSide: 4,
  imageProcessor: {
    tileSize: { width: 56, height: 56 },
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    rescaleFactor: 1 / 255,
    imageGridPinpoints: [1, 2, 3].flatMap((rows) =>
      [1, 2, 3].map((columns) => ({ height: rows * 56, width: columns * 56 })),
    ),
    maxTilesCap: 9,
  },
};

describe('pictureKey', () => {
  const [one, other] = ['a'.repeat(64), 'b'.repeat(64)];

  it('tells apart what becomes of pictures, and nothing else', () => {
    const details: readonly Detail[] = ['low', 'auto', 'high'];
    const keys = [one, other].flatMap((sha256) => [
      ...details.map((detail) => imageKey(sha256, 'anyres', detail)),
      imageKey(sha256, 'square', 'auto'),
    ]);
    expect(new Set(keys).size).toBe(8);
    expect(imageKey('a'.repeat(64), 'anyres', 'low')).toBe(keys[0]);
    // A tile among others is the same at any detail.
    expect(imageKey(one, 'square', 'high')).toBe(imageKey(one, 'square', 'low'));
  });
});

it('tells clips apart by their file and the frames that are wished', () => {
  const range = { startSeconds: 0, endSeconds: 2 };
  const keys = [
    videoKey('a', { mode: 'uniform', frames: { count: 8 } }),
    videoKey('b', { mode: 'uniform', frames: { count: 8 } }),
    videoKey('a', { mode: 'scene', frames: { count: 8 } }),
    videoKey('a', { mode: 'uniform', frames: { perSecond: 8 } }),
    videoKey('a', { mode: 'uniform', frames: { count: 8 }, range }),
    videoKey('a', { mode: 'uniform', frames: { count: 8 }, range: { ...range, endSeconds: null } }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

it('finds a kept picture exactly where cutting it anew would give the same tiles', () => {
  const random = createRandom(3);
  const upTo = (limit: number) => Math.floor(random() * limit);
  let uncut = 0;
  for (let round = 0; round < 500; round++) {
    const size = { width: 1 + upTo(400), height: 1 + upTo(400) };
    const detail = (['low', 'auto', 'high'] as const)[upTo(3)]!;
    const [before, now] = [17 + upTo(200), 17 + upTo(200)];
    const plan = planTiles(size, geometry, detail, before);
    if (!isFullDetail(plan, geometry)) continue;
    uncut += 1;
    const report = {
      ...({ kind: 'image', ...plan.imageSize, tiles: plan.tiles, grid: plan.grid } as const),
      ...{ visualTokens: plan.visualTokens, sha256: '' },
    };
    const kept = { features: { shape: [0], data: new Float32Array() }, report };

    const again = planTiles(size, geometry, detail, now);

    expect(fitsBudget(kept, { maxVisualTokens: now, maxFrames: 1 })).toBe(
      again.visualTokens === plan.visualTokens && again.tiles === plan.tiles,
    );
  }
  expect(uncut).toBeGreaterThan(200);
});

it.each([
  ['all that are wished', 8, 8, true],
  ['fewer', 8, 7, false],
  ['as many as are ever sampled', 1_000, 64, true],
])('takes %s', (_, wished, maxFrames, expected) => {
  expect(isFullSampling(wished, maxFrames)).toBe(expected);
});
