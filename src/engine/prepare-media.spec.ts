import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { createFakeModel } from '../../test/fakes/fake-model.js';
import { type EngineCaches, NO_CACHES } from '../cache/engine-caches.js';
import type { CachedFeatures } from '../cache/tiered-cache.js';
import { createTensor } from '../tensor/tensor.js';
import { featureKeys, preparationTimes, prepareMedia, totalVisualTokens } from './prepare-media.js';
import { createArrivalHandles } from './scheduling/queue-ticket.js';
import type { RequestMedia } from './vision-language-engine.js';

const VIDEO = 'samples/rocket-rises.mp4';
const image = (value: number): RequestMedia => ({ kind: 'image', bytes: Uint8Array.of(value) });
const video = (count: number, path = VIDEO): RequestMedia => ({
  ...{ kind: 'video', path },
  sampling: { mode: 'uniform', frames: { count } },
});
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function prepare(
  media: RequestMedia[],
  budget: number,
  features: EngineCaches['features'] = NO_CACHES.features,
) {
  const model = await createFakeModel();
  const context = { caches: { features }, handle: createArrivalHandles()() };
  const prepared = await prepareMedia({ media, detail: 'high' }, budget, model, context);
  return { model, prepared };
}

describe('prepareMedia', () => {
  it('reports the SHA-256 of the encoded files', async () => {
    const { prepared } = await prepare([image(7), video(2)], Infinity);

    expect(prepared.map(({ report }) => report.sha256)).toEqual([
      sha256(Uint8Array.of(7)),
      sha256(readFileSync(VIDEO)),
    ]);
    expect(totalVisualTokens(prepared)).toBe(
      prepared[0]!.report.visualTokens + prepared[1]!.report.visualTokens,
    );
    // The fake media decoder takes 2 ms to decode and 1 ms to tile a file.
    expect(preparationTimes(prepared)).toEqual({ mediaDecodeMs: 4, tileMs: 2 });
  });

  it('spends the budget on video frames first and on image detail second', async () => {
    const wide = await prepare([image(1), video(4)], 2_000);
    const narrow = await prepare([image(1), video(4)], 50 + 17 + 3 * 16);

    expect(wide.prepared[0]!.report).toMatchObject({ tiles: 13 });
    expect(narrow.prepared[0]!.report).toMatchObject({ tiles: 1, visualTokens: 50 });
    expect(narrow.model.mediaCalls).toMatchObject([
      { kind: 'video', maxFrames: 4 },
      { kind: 'image', maxVisualTokens: 50 },
    ]);
  });

  it('uses another key for media that the budget reduced', async () => {
    const keysOf = async (budget: number) =>
      (await prepare([image(1)], budget)).prepared.map(({ key }) => key);
    const [full] = await keysOf(Infinity);
    const [reduced] = await keysOf(150);

    expect(full).toBe(`image ${sha256(Uint8Array.of(1))} anyres high`);
    expect(reduced).toMatch(/^image [\da-f]{64} anyres high \d+(x\d+)?$/);
    const frames = (await prepare([video(8)], 17 + 2 * 16)).prepared;
    expect(frames[0]!.key).toMatch(/ limited to 3 frames$/);
    expect(featureKeys(frames)).toEqual({
      image: [],
      video: [{ key: frames[0]!.key, visualTokens: 3 * 16 + 1 }],
    });
  });

  it('returns cached features without decoding if they fit the budget', async () => {
    const { prepared } = await prepare([image(1)], Infinity);
    const { key, report } = prepared[0]!;
    const cached: CachedFeatures = { report, features: createTensor([report.visualTokens, 4]) };
    const cache: EngineCaches['features'] = {
      get: (requestedKey) => Promise.resolve(requestedKey === key ? cached : undefined),
      set: () => undefined,
    };

    const cachedRun = await prepare([image(1)], report.visualTokens, cache);
    expect(cachedRun.model.mediaCalls).toEqual([]);
    expect(cachedRun.prepared[0]).toMatchObject({ key, report, tiled: null });
    expect(cachedRun.prepared[0]!.cachedFeatures).toBe(cached.features);
    expect(preparationTimes(cachedRun.prepared)).toEqual({ mediaDecodeMs: 0, tileMs: 0 });

    const overBudget = await prepare([image(1)], report.visualTokens - 1, cache);
    expect(overBudget.model.mediaCalls).toHaveLength(1);
    expect(overBudget.prepared[0]!.cachedFeatures).toBeNull();
  });

  it("throws the media decoder's error for an unreadable video", async () => {
    const model = await createFakeModel();
    const failure = new Error('MEDIA_EMPTY');
    const decoder = { ...model.mediaDecoder, sampleVideo: () => Promise.reject(failure) };
    const context = { caches: NO_CACHES, handle: createArrivalHandles()() };
    const request = { media: [video(1, '/no/such/file.mp4')], detail: 'low' } as const;

    const prepared = prepareMedia(request, 100, { ...model, mediaDecoder: decoder }, context);
    await expect(prepared).rejects.toBe(failure);
  });
});
