import { createHash } from 'node:crypto';

import { MIN_UNCACHED_TOKENS, alignToKernelRows } from '../decoder/prefill-chunks.js';
import type { KeyedSegments, EngineCaches } from './engine-caches.js';
import { openDiskCache } from './disk-cache.js';
import type { CacheEntry } from './cache-entries.js';
import { endOfMedia, prefixLengthOfKey, prefixKeys, promptLength } from './prefix-keys.js';
import { LruCache } from './lru-cache.js';
import { TieredCache } from './tiered-cache.js';

export interface PromptStoreOptions {
  /** Names the model with all that decides what it computes: the digest of its package. */
  readonly model: string;
  /** In memory, of media and beginnings together. 0: nothing is kept there. */
  readonly maxBytes: number;
  /** Where and how much is kept for later processes as well; absent, or 0 bytes: nothing. */
  readonly disk?: { readonly root: string; readonly maxBytes: number };
  /** Whether what one owner's requests left serves the others. */
  readonly isShared: boolean;
}

/** To be raised when what is computed or kept changes and packages do not, as with the layout of planes. */
const FORMAT = 1;

/** Text is kept in steps of so many positions: prompts part somewhere, and what is longer is of no use. */
const TEXT_STEP = 128;

/** Beginnings that are remembered by name, to notice those that come again: those of a hundred long prompts. */
const MAX_SEEN = 4_096;

/** Opens a store. What goes wrong with the disk costs what was on it, and is never thrown. */
export async function openEngineCaches(options: PromptStoreOptions): Promise<EngineCaches> {
  const { model, maxBytes, disk, isShared } = options;
  const seed = sha256(`${FORMAT} ${model}`);
  const folder = disk?.maxBytes ? await openDiskCache({ ...disk, model: seed }) : undefined;
  const memory = new LruCache<CacheEntry>(maxBytes);
  const shelf = new TieredCache(memory, folder);
  const seen = new LruCache<true>(MAX_SEEN);
  /** How often a beginning was found. */
  const uses = new LruCache<number>(MAX_SEEN);
  const media = { hits: 0, misses: 0 };
  const prefixes = { hits: 0, misses: 0 };
  const isOff = maxBytes === 0 && !folder;

  function viewOf(owner: string): EngineCaches {
    const nameMedia = (key: string) => `media-${sha256(`${seed} ${owner} ${key}`)}`;
    const nameBeginnings = (marks: KeyedSegments, lengths: Iterable<number>) =>
      prefixKeys(`${seed} ${owner}`, marks, lengths);

    return {
      forClient: (other) => (isShared ? store : viewOf(other)),
      async cachedFeatures(key) {
        const found = await shelf.find(nameMedia(key));
        media[found ? 'hits' : 'misses'] += 1;
        return found?.kind === 'media' ? found.media : undefined;
      },
      cacheFeatures(key, value) {
        shelf.keep(nameMedia(key), { kind: 'media', media: value });
      },
      async longestPrefix(marks) {
        const kept = new Set(await shelf.names());
        const longest = promptLength(marks) - MIN_UNCACHED_TOKENS;
        const lengths = [...kept].flatMap((name) => prefixLengthOfKey(name) ?? []);
        const names = nameBeginnings(
          marks,
          lengths.filter((length) => length <= longest),
        );
        for (const name of [...names.values()].reverse()) {
          // One that is on the disk may turn out not to be whole.
          const found = kept.has(name) ? await shelf.find(name) : undefined;
          if (found?.kind !== 'prefix') continue;
          uses.set(name, (uses.get(name) ?? 0) + 1, 1);
          prefixes.hits += 1;
          return found.prefix;
        }
        prefixes.misses += 1;
        return undefined;
      },
      lengthsToCache(marks) {
        if (isOff) return [];
        const longest = promptLength(marks) - MIN_UNCACHED_TOKENS;
        const base = alignToKernelRows(endOfMedia(marks));
        const steps = Math.max(Math.floor((longest - base) / TEXT_STEP), 0);
        const lengths = Array.from({ length: steps + 1 }, (_, step) => base + step * TEXT_STEP);
        const names = nameBeginnings(marks, lengths);
        const lastSeen = [...names].filter(([, name]) => seen.get(name)).at(-1)?.[0];
        for (const name of names.values()) seen.set(name, true, 1);
        const wished = [base, lastSeen, lengths.at(-1)];
        return [...names].flatMap(([length, name]) =>
          wished.includes(length) && length <= longest && !memory.has(name) ? length : [],
        );
      },
      cachePrefix(marks, prefix) {
        const base = alignToKernelRows(endOfMedia(marks));
        const lengths = memory.names().flatMap((name) => prefixLengthOfKey(name) ?? []);
        const shorter = lengths.filter((length) => length < prefix.length);
        for (const [length, name] of nameBeginnings(marks, [...shorter, prefix.length])) {
          if (length === prefix.length) shelf.keep(name, { kind: 'prefix', prefix });
          // A chat that went on will hardly come back to where it was; its picture is asked about again.
          else if (length !== base && (uses.get(name) ?? 0) < 2) memory.demote(name);
        }
      },
      stats: () => ({
        bytes: memory.bytes,
        maxBytes,
        media: { ...media },
        prefixes: { ...prefixes },
      }),
      async close() {
        await shelf.close();
      },
    };
  }

  const store = viewOf('');
  return store;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
