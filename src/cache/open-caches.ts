import { createHash } from 'node:crypto';

import { openDiskCache } from './disk-cache.js';
import type { EngineCaches } from './engine-caches.js';
import { createFeatureCache } from './feature-cache.js';
import { LruCache } from './lru-cache.js';
import { createPrefixCache, createPrefixHistory } from './prefix-cache.js';
import { type CacheEntry, TieredCache } from './tiered-cache.js';

export interface EngineCachesOptions {
  /** Digest of the model package: it identifies everything that decides the cached values. */
  readonly model: string;
  /** Memory of features and prefixes together. 0 disables the memory tier. */
  readonly maxBytes: number;
  /** Disk tier, shared with later processes. Undefined or 0 bytes disables it. */
  readonly disk?: { readonly root: string; readonly maxBytes: number };
  /** Whether clients share cache entries. */
  readonly isShared: boolean;
}

/** Raise it when cached values or their layout change without a change of the package. */
const FORMAT = 4;

/** Opens the caches of a model. Disk errors cost the entries on the disk and are never thrown. */
export async function openEngineCaches(options: EngineCachesOptions): Promise<EngineCaches> {
  const { model, maxBytes, disk, isShared } = options;
  const seed = createHash('sha256').update(`${FORMAT} ${model}`).digest('hex');
  const diskCache = disk?.maxBytes ? await openDiskCache({ ...disk, model: seed }) : undefined;
  const memory = new LruCache<CacheEntry>(maxBytes);
  const tiers = new TieredCache(memory, diskCache);
  const history = createPrefixHistory();
  const features = { hits: 0, misses: 0 };
  const prefixes = { hits: 0, misses: 0 };

  function cachesOf(client: string): EngineCaches {
    const ownerSeed = `${seed} ${client}`;
    return {
      features: createFeatureCache(tiers, ownerSeed, features),
      prefixes: createPrefixCache(tiers, history, ownerSeed, prefixes),
      forClient: (other) => (isShared ? shared : cachesOf(other)),
      stats: () => ({
        bytes: memory.bytes,
        maxBytes,
        features: { ...features },
        prefixes: { ...prefixes },
      }),
      async close() {
        await tiers.close();
      },
    };
  }

  const shared = cachesOf('');
  return shared;
}
