import type { KvPrefix } from '../decoder/kv-cache/kv-prefix.js';
import { alignToKernelRows, MIN_UNCACHED_TOKENS } from '../decoder/prefill-chunks.js';
import { LruCache } from './lru-cache.js';
import {
  type KeyedSegments,
  mediaEndOf,
  prefixKeys,
  prefixLengthOfKey,
  promptLength,
} from './prefix-keys.js';
import type { TieredCache } from './tiered-cache.js';

/** Keys and values of prompt prefixes. */
export interface PrefixCache {
  /** The longest cached prefix of a prompt. It leaves out at least MIN_UNCACHED_TOKENS positions. */
  longest(prompt: KeyedSegments): Promise<KvPrefix | undefined>;
  /**
   * Lengths at which the prefill of a prompt should be snapshotted: ascending, without lengths that are cached. Call it
   * once per prompt, because it records the prompt.
   */
  lengthsToCache(prompt: KeyedSegments): number[];
  /**
   * @param prompt at least `prefix.length` positions.
   * @param prefix computed by prefill alone: decode steps round in another way.
   */
  add(prompt: KeyedSegments, prefix: KvPrefix): void;
}

/** Text prefixes are cached at multiples of this length after the media: prompts rarely diverge at a finer grain. */
const TEXT_STEP = 128;

/** Prefix keys whose use is remembered: those of about a hundred long prompts. */
const MAX_REMEMBERED = 4_096;

/** Which prefixes were requested, and how often each was found. Shared by the caches of all clients. */
export interface PrefixHistory {
  readonly seen: LruCache<true>;
  readonly uses: LruCache<number>;
}

export function createPrefixHistory(): PrefixHistory {
  return { seen: new LruCache(MAX_REMEMBERED), uses: new LruCache(MAX_REMEMBERED) };
}

/**
 * Caches the prefix that ends with the media, because later questions about an image share it, and the longest prefix
 * of the text, because the next turn of a conversation continues from it.
 *
 * @param seed identifies the model and the owner of the entries.
 * @param counts incremented by `longest`.
 */
export function createPrefixCache(
  tiers: TieredCache,
  { seen, uses }: PrefixHistory,
  seed: string,
  counts: { hits: number; misses: number },
): PrefixCache {
  const keysOf = (prompt: KeyedSegments, lengths: Iterable<number>) =>
    prefixKeys(seed, prompt, lengths);

  return {
    async longest(prompt) {
      const cached = new Set(await tiers.keys());
      const maxLength = promptLength(prompt) - MIN_UNCACHED_TOKENS;
      const lengths = [...cached].flatMap((key) => prefixLengthOfKey(key) ?? []);
      const candidates = keysOf(
        prompt,
        lengths.filter((length) => length <= maxLength),
      );
      for (const key of [...candidates.values()].reverse()) {
        // A file on the disk may turn out to be damaged.
        const entry = cached.has(key) ? await tiers.get(key) : undefined;
        if (entry?.kind !== 'prefix') continue;
        uses.set(key, (uses.get(key) ?? 0) + 1, 1);
        counts.hits += 1;
        return entry.prefix;
      }
      counts.misses += 1;
      return undefined;
    },
    lengthsToCache(prompt) {
      if (tiers.isOff) return [];
      const maxLength = promptLength(prompt) - MIN_UNCACHED_TOKENS;
      const mediaLength = alignToKernelRows(mediaEndOf(prompt));
      const steps = Math.max(Math.floor((maxLength - mediaLength) / TEXT_STEP), 0);
      const lengths = Array.from(
        { length: steps + 1 },
        (_, step) => mediaLength + step * TEXT_STEP,
      );
      const keys = keysOf(prompt, lengths);
      const lastSeen = [...keys].filter(([, key]) => seen.get(key)).at(-1)?.[0];
      for (const key of keys.values()) seen.set(key, true, 1);
      const wanted = [mediaLength, lastSeen, lengths.at(-1)];
      return [...keys].flatMap(([length, key]) =>
        wanted.includes(length) && length <= maxLength && !tiers.memory.has(key) ? length : [],
      );
    },
    add(prompt, prefix) {
      const mediaLength = alignToKernelRows(mediaEndOf(prompt));
      const lengths = tiers.memory.keys().flatMap((key) => prefixLengthOfKey(key) ?? []);
      const shorter = lengths.filter((length) => length < prefix.length);
      for (const [length, key] of keysOf(prompt, [...shorter, prefix.length])) {
        if (length === prefix.length) tiers.set(key, { kind: 'prefix', prefix });
        // A conversation that continued rarely returns to an earlier turn. Its image may be asked about again.
        else if (length !== mediaLength && (uses.get(key) ?? 0) < 2) tiers.memory.demote(key);
      }
    },
  };
}
