import type { KvPrefix } from '../decoder/kv-cache/kv-prefix.js';
import type { FloatTensor } from '../tensor/tensor.js';
import type { MediaReport } from '../media/media-report.js';

/** A stretch of a prompt: ids, or `length` positions of one picture or clip, which its key names: see `pictureKey`. */
export type KeyedSegment =
  | { readonly kind: 'text'; readonly ids: readonly number[] }
  | { readonly kind: 'media'; readonly key: string; readonly length: number };

/** What a prompt consists of, in order. How text is parted into segments makes no difference. */
export type KeyedSegments = readonly KeyedSegment[];

/** What a picture or a clip became. */
export interface CachedFeatures {
  readonly features: FloatTensor; // [visualTokens, hidden]
  readonly report: MediaReport;
}

/** What a store holds, and how often it was asked since it was opened. */
interface CacheStats {
  /** Of what is kept in memory. An answer that is being written holds its beginning also after it was dropped here. */
  readonly bytes: number;
  readonly maxBytes: number;
  readonly media: { readonly hits: number; readonly misses: number };
  readonly prefixes: { readonly hits: number; readonly misses: number };
}

/**
 * What was computed for earlier requests to one model, by content: a name never stands for two things. Whatever it holds
 * may be gone at the next question. What it gives and takes is shared, and nobody may write to it.
 */
export interface EngineCaches {
  /** The same store as one owner sees it: nobody finds what another owner's requests left. */
  forClient(owner: string): EngineCaches;
  cachedFeatures(key: string): Promise<CachedFeatures | undefined>;
  cacheFeatures(key: string, value: CachedFeatures): void;
  /**
   * The longest kept beginning of a prompt. It leaves `ALWAYS_READ` positions at least.
   */
  longestPrefix(marks: KeyedSegments): Promise<KvPrefix | undefined>;
  /**
   * Which beginnings of a prompt that is about to be read are worth keeping: ascending, without those that are kept
   * already. To be asked once for a prompt, since it remembers what it has seen.
   */
  lengthsToCache(marks: KeyedSegments): number[];
  /**
   * @param marks of a prompt of at least `prefix.length` positions.
   * @param prefix read from the prompt alone: rows that steps have read are not exactly the same.
   */
  cachePrefix(marks: KeyedSegments, prefix: KvPrefix): void;
  stats(): CacheStats;
  /** Waits for what is still to be written to the disk. */
  close(): Promise<void>;
}
