import {
  imageRequest,
  textRequest,
  LANGUAGES,
  openRunner,
  textsOf,
} from '../../test/fakes/requests.js';
import type { KvPrefix } from '../decoder/kv-cache/kv-prefix.js';
import { alignToKernelRows } from '../decoder/prefill-chunks.js';
import { type EngineCaches, NO_CACHES } from '../cache/engine-caches.js';
import type { CachedFeatures } from '../cache/tiered-cache.js';
import type { KeyedSegments } from '../cache/prefix-keys.js';

describe('createRequestRunner with caches', () => {
  /** Unbounded caches that record their clients. */
  function createRecordingCaches(): EngineCaches & {
    readonly clients: string[];
    readonly cached: Map<string, KvPrefix>;
  } {
    const features = new Map<string, CachedFeatures>();
    const cached = new Map<string, KvPrefix>();
    const clients: string[] = [];
    /** One string per position. */
    const positions = (segments: KeyedSegments) =>
      segments.flatMap((segment) =>
        segment.kind === 'text'
          ? segment.ids.map(String)
          : Array.from({ length: segment.length }, (_, i) => `${segment.key}#${i}`),
      );
    const keyOf = (all: string[], length: number) => all.slice(0, length).join();
    const caches: EngineCaches & { clients: string[]; cached: Map<string, KvPrefix> } = {
      ...NO_CACHES,
      ...{ clients, cached },
      forClient(client) {
        clients.push(client);
        return caches;
      },
      features: {
        get: (key) => Promise.resolve(features.get(key)),
        set: (key, value) => void features.set(key, value),
      },
      prefixes: {
        longest(prompt) {
          const all = positions(prompt);
          for (let length = all.length - 2; length > 0; length--) {
            const prefix = cached.get(keyOf(all, length));
            if (prefix) return Promise.resolve(prefix);
          }
          return Promise.resolve(undefined);
        },
        lengthsToCache(prompt) {
          const all = positions(prompt);
          const mediaEnd = all.findLastIndex((position) => position.includes('#')) + 1;
          const lengths = [...new Set([mediaEnd, all.length - 2].map(alignToKernelRows))];
          return lengths.filter((length) => length > 0 && !cached.has(keyOf(all, length)));
        },
        add(prompt, prefix) {
          cached.set(keyOf(positions(prompt), prefix.length), prefix);
        },
      },
    };
    return caches;
  }

  it('does not decode, encode or prefill an image again for a second question about it', async () => {
    const caches = createRecordingCaches();
    const { model, run } = await openRunner({ caches });
    const first = await run(imageRequest(5, ['Què hi ha?'], { client: 'anna' }));
    const before = { media: model.mediaCalls.length, vision: model.visionRuns.length };

    const second = await run(imageRequest(5, ['De quin color és?'], { client: 'anna' }));
    const uncached = await (await openRunner()).run(imageRequest(5, ['De quin color és?']));

    expect(textsOf(second)).toEqual(textsOf(uncached));
    expect(second.media).toEqual(first.media);
    expect({ media: model.mediaCalls.length, vision: model.visionRuns.length }).toEqual(before);
    expect(second.answers[0]!.usage.cachedTokens).toBe(48);
    expect(second.timings).toMatchObject({ mediaDecodeMs: 0, tileMs: 0, encodeMs: 0 });
    expect(caches.clients).toEqual(['anna', 'anna']);
  });

  it('prefills only the positions after the last aligned prefix for a repeated question', async () => {
    const { model, run } = await openRunner({ caches: createRecordingCaches() });
    const first = await run(textRequest('Bon dia a tothom'));
    const runsBefore = model.runs.length;
    const repeated = await run(textRequest('Bon dia a tothom'));

    expect(textsOf(repeated)).toEqual(textsOf(first));
    const { promptTokens, cachedTokens } = repeated.answers[0]!.usage;
    expect(cachedTokens).toBe(16);
    expect(model.runs[runsBefore]).toBe(promptTokens - 16);
  });

  it('continues several conversations from a cached prefix', async () => {
    const { model, run } = await openRunner({ caches: createRecordingCaches() });
    await run(imageRequest(5, ['Què hi ha?']));
    const vision = model.visionRuns.length;
    const { answers } = await run(imageRequest(5, LANGUAGES));
    const uncached = await (await openRunner()).run(imageRequest(5, LANGUAGES));

    expect(answers.map(({ text }) => text)).toEqual(textsOf(uncached));
    for (const { usage } of answers) expect(usage.cachedTokens).toBe(48);
    expect(model.visionRuns).toHaveLength(vision);
  });

  it('uses cached features if the prefix has been evicted', async () => {
    const caches = createRecordingCaches();
    const { model, run } = await openRunner({ caches });
    await run(imageRequest(5, ['Què hi ha?']));
    caches.cached.clear();
    const vision = model.visionRuns.length;
    const { answers } = await run(imageRequest(5, ['Què hi ha?']));

    expect(answers[0]!.usage.cachedTokens).toBe(0);
    expect(model.visionRuns).toHaveLength(vision);
    expect(model.mediaCalls).toHaveLength(1);
  });

  it('caches nothing for batch jobs', async () => {
    const caches = createRecordingCaches();
    const { run, model } = await openRunner({ caches });
    await run(imageRequest(5, ['Què hi ha?'], { priority: 'batch' }));
    await run(imageRequest(5, ['Què hi ha?'], { priority: 'batch' }));

    expect(caches.cached.size).toBe(0);
    expect(model.mediaCalls).toHaveLength(2);
  });
});
