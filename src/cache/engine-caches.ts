import type { FeatureCache } from './feature-cache.js';
import type { PrefixCache } from './prefix-cache.js';

interface HitCounts {
  readonly hits: number;
  readonly misses: number;
}

/** State since the caches were opened. */
interface CacheStats {
  /** Bytes in memory. A running request keeps its prefix alive after the eviction. */
  readonly bytes: number;
  readonly maxBytes: number;
  readonly features: HitCounts;
  readonly prefixes: HitCounts;
}

/**
 * The results of earlier requests to one model, keyed by content. Entries may be evicted at any time. Values are
 * shared: neither side may modify them.
 */
export interface EngineCaches {
  readonly features: FeatureCache;
  readonly prefixes: PrefixCache;
  /** The caches as one client uses them. If sharing is off, no client finds the entries of another. */
  forClient(client: string): EngineCaches;
  stats(): CacheStats;
  /** Waits for pending writes to the disk. */
  close(): Promise<void>;
}

/** Caches that store nothing. */
export const NO_CACHES: EngineCaches = {
  features: { get: () => Promise.resolve(undefined), set: () => undefined },
  prefixes: {
    longest: () => Promise.resolve(undefined),
    lengthsToCache: () => [],
    add: () => undefined,
  },
  forClient: () => NO_CACHES,
  stats: () => ({
    bytes: 0,
    maxBytes: 0,
    features: { hits: 0, misses: 0 },
    prefixes: { hits: 0, misses: 0 },
  }),
  close: () => Promise.resolve(),
};
