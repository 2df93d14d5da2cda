import { about, ask, LANGUAGES, openRunner, textsOf } from '../../test/fakes/requests.js';
import type { KvPrefix } from '../decoder/kv-cache/kv-prefix.js';
import { alignToKernelRows } from '../decoder/prefill-chunks.js';
import { type EngineCaches, NO_CACHES } from '../cache/engine-caches.js';
import type { CachedFeatures } from '../cache/tiered-cache.js';
import type { KeyedSegments } from '../cache/prefix-keys.js';

describe('what is kept between requests', () => {
  /** Keeps everything, and notes what is asked for. */
  function createStore(): EngineCaches & {
    readonly owners: string[];
    readonly cached: Map<string, KvPrefix>;
  } {
    const media = new Map<string, CachedFeatures>();
    const cached = new Map<string, KvPrefix>();
    const owners: string[] = [];
    const positions = (marks: KeyedSegments) =>
      marks.flatMap((mark) =>
        mark.kind === 'text'
          ? mark.ids.map(String)
          : Array.from({ length: mark.length }, (_, i) => `${mark.key}#${i}`),
      );
    const name = (all: string[], length: number) => all.slice(0, length).join();
    const store: EngineCaches & { owners: string[]; cached: Map<string, KvPrefix> } = {
      ...NO_CACHES,
      ...{ owners, cached },
      forClient(owner) {
        owners.push(owner);
        return store;
      },
      features: {
        get: (key) => Promise.resolve(media.get(key)),
        set: (key, value) => void media.set(key, value),
      },
      prefixes: {
        longest(prompt) {
          const all = positions(prompt);
          for (let length = all.length - 2; length > 0; length--) {
            const prefix = cached.get(name(all, length));
            if (prefix) return Promise.resolve(prefix);
          }
          return Promise.resolve(undefined);
        },
        lengthsToCache(prompt) {
          const all = positions(prompt);
          const mediaEnd = all.findLastIndex((position) => position.includes('#')) + 1;
          const lengths = [...new Set([mediaEnd, all.length - 2].map(alignToKernelRows))];
          return lengths.filter((length) => length > 0 && !cached.has(name(all, length)));
        },
        add(prompt, prefix) {
          cached.set(name(positions(prompt), prefix.length), prefix);
        },
      },
    };
    return store;
  }

  it('spares a second question about a picture its decoding, its vision and its reading', async () => {
    const store = createStore();
    const { parts, run } = await openRunner({ caches: store });
    const first = await run(about(5, ['Què hi ha?'], { client: 'anna' }));
    const before = { media: parts.mediaCalls.length, vision: parts.visionRuns.length };

    const second = await run(about(5, ['De quin color és?'], { client: 'anna' }));
    const alone = await (await openRunner()).run(about(5, ['De quin color és?']));

    expect(textsOf(second)).toEqual(textsOf(alone));
    expect(second.media).toEqual(first.media);
    expect({ media: parts.mediaCalls.length, vision: parts.visionRuns.length }).toEqual(before);
    expect(second.answers[0]!.usage.cachedTokens).toBe(48);
    expect(second.timings).toMatchObject({ mediaDecodeMs: 0, tileMs: 0, encodeMs: 0 });
    expect(store.owners).toEqual(['anna', 'anna']);
  });

  it('reads of the same question no more than what does not fill a tile', async () => {
    const { parts, run } = await openRunner({ caches: createStore() });
    const first = await run(ask('Bon dia a tothom'));
    const reads = parts.runs.length;
    const again = await run(ask('Bon dia a tothom'));

    expect(textsOf(again)).toEqual(textsOf(first));
    const { promptTokens, cachedTokens } = again.answers[0]!.usage;
    expect(cachedTokens).toBe(16);
    expect(parts.runs[reads]).toBe(promptTokens - 16);
  });

  it('forks several conversations behind a beginning that is there already', async () => {
    const { parts, run } = await openRunner({ caches: createStore() });
    await run(about(5, ['Què hi ha?']));
    const vision = parts.visionRuns.length;
    const { answers } = await run(about(5, LANGUAGES));
    const alone = await (await openRunner()).run(about(5, LANGUAGES));

    expect(answers.map(({ text }) => text)).toEqual(textsOf(alone));
    for (const { usage } of answers) expect(usage.cachedTokens).toBe(48);
    expect(parts.visionRuns).toHaveLength(vision);
  });

  it('looks at a picture again where its embeddings alone are there', async () => {
    const store = createStore();
    const { parts, run } = await openRunner({ caches: store });
    await run(about(5, ['Què hi ha?']));
    store.cached.clear();
    const vision = parts.visionRuns.length;
    const { answers } = await run(about(5, ['Què hi ha?']));

    expect(answers[0]!.usage.cachedTokens).toBe(0);
    expect(parts.visionRuns).toHaveLength(vision);
    expect(parts.mediaCalls).toHaveLength(1);
  });

  it('keeps nothing of long jobs', async () => {
    const store = createStore();
    const { run, parts } = await openRunner({ caches: store });
    await run(about(5, ['Què hi ha?'], { priority: 'batch' }));
    await run(about(5, ['Què hi ha?'], { priority: 'batch' }));

    expect(store.cached.size).toBe(0);
    expect(parts.mediaCalls).toHaveLength(2);
  });
});
