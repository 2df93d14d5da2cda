import { createHash } from 'node:crypto';

import type { CachedFeatures, TieredCache } from './tiered-cache.js';

/** Image and video features by feature key (see feature-keys.ts). */
export interface FeatureCache {
  get(key: string): Promise<CachedFeatures | undefined>;
  set(key: string, value: CachedFeatures): void;
}

/**
 * @param seed identifies the model and the owner of the entries.
 * @param counts incremented by `get`.
 */
export function createFeatureCache(
  tiers: TieredCache,
  seed: string,
  counts: { hits: number; misses: number },
): FeatureCache {
  const entryKey = (key: string) =>
    `media-${createHash('sha256').update(`${seed} ${key}`).digest('hex')}`;
  return {
    async get(key) {
      const entry = await tiers.get(entryKey(key));
      counts[entry ? 'hits' : 'misses'] += 1;
      return entry?.kind === 'features' ? entry.media : undefined;
    },
    set(key, media) {
      tiers.set(entryKey(key), { kind: 'features', media });
    },
  };
}
