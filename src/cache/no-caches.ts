import type { EngineCaches } from './engine-caches.js';

/** A store that keeps nothing. */
export const NO_CACHES: EngineCaches = {
  forClient: () => NO_CACHES,
  cachedFeatures: () => Promise.resolve(undefined),
  cacheFeatures: () => undefined,
  longestPrefix: () => Promise.resolve(undefined),
  lengthsToCache: () => [],
  cachePrefix: () => undefined,
  stats: () => ({
    bytes: 0,
    maxBytes: 0,
    media: { hits: 0, misses: 0 },
    prefixes: { hits: 0, misses: 0 },
  }),
  close: () => Promise.resolve(),
};
