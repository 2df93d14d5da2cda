import { createFakeModel } from '../../test/fakes/fake-model.js';
import { type EngineCaches, NO_CACHES } from '../cache/engine-caches.js';
import { MAX_TILES_PER_RUN } from '../config/limits.js';
import { createTensor } from '../tensor/tensor.js';
import { encodeMedia, encodeTiledMedia } from './encode-media.js';
import { type PreparedMedia, prepareMedia } from './prepare-media.js';
import { createArrivalHandles, type RequestHandle } from './scheduling/queue-ticket.js';
import { runImmediately } from './scheduling/scheduler.js';
import type { RequestMedia } from './vision-language-engine.js';

const IMAGE: RequestMedia = { kind: 'image', bytes: Uint8Array.of(1) };
const VIDEO: RequestMedia = {
  ...{ kind: 'video', path: 'samples/rocket-rises.mp4' },
  sampling: { mode: 'uniform', frames: { count: 5 } },
};

async function open(media: RequestMedia[], priority: 'interactive' | 'batch' = 'interactive') {
  const model = await createFakeModel();
  const { ticket, signal } = createArrivalHandles()();
  const handle: RequestHandle = { ticket: { ...ticket, priority }, signal };
  const request = { media, detail: 'high' } as const;
  const prepared = await prepareMedia(request, Infinity, model, { caches: NO_CACHES, handle });
  const cached: string[] = [];
  const features: EngineCaches['features'] = {
    ...NO_CACHES.features,
    set: (key) => void cached.push(key),
  };
  const encode = (items: readonly PreparedMedia[]) =>
    encodeMedia(items, model.vision, {
      ...{ caches: { features }, handle, schedule: runImmediately },
    });
  return { model, prepared, cached, encode };
}

describe('encodeMedia', () => {
  it('returns one feature row per visual token of the report and caches the features', async () => {
    const { prepared, encode, cached } = await open([IMAGE, VIDEO]);
    const features = await encode(prepared);

    expect(prepared).toHaveLength(2);
    for (const { key, report } of prepared) {
      expect(features.get(key)!.shape).toEqual([report.visualTokens, expect.any(Number)]);
    }
    expect(cached).toEqual(prepared.map(({ key }) => key));
  });

  it('encodes equal media once and skips cached media', async () => {
    const { model, prepared, encode } = await open([VIDEO]);
    const [entry] = prepared;
    const tiles = entry!.tiled!.tiles.length;
    await encode([entry!, entry!]);
    expect(model.visionRuns.reduce((sum, count) => sum + count, 0)).toBe(tiles);

    const cachedFeatures = createTensor([entry!.report.visualTokens, 4]);
    const features = await encode([{ ...entry!, tiled: null, cachedFeatures }]);
    expect(features.get(entry!.key)).toBe(cachedFeatures);
    expect(model.visionRuns.reduce((sum, count) => sum + count, 0)).toBe(tiles);
  });

  it('does not cache the features of a batch job', async () => {
    const { prepared, encode, cached } = await open([IMAGE], 'batch');
    expect((await encode(prepared)).size).toBe(1);
    expect(cached).toEqual([]);
  });
});

describe('encodeTiledMedia', () => {
  it('returns the same features for any number of tiles per run', async () => {
    const { model, prepared } = await open([IMAGE]);
    const tiled = prepared[0]!.tiled!;
    const whole = await encodeTiledMedia(tiled, model.vision!, runImmediately);
    const before = model.visionRuns.length;
    const single = await encodeTiledMedia(tiled, model.vision!, (run) => run(0.01));

    expect(single).toEqual(whole);
    expect(model.visionRuns.slice(before)).toEqual(tiled.tiles.map(() => 1));
    expect(Math.max(...model.visionRuns)).toBeLessThanOrEqual(MAX_TILES_PER_RUN);
  });
});
