import type { KvPrefix } from '../decoder/kv-cache/kv-prefix.js';
import type { MediaReport } from '../media/media-report.js';
import { createTensor, type FloatTensor } from '../tensor/tensor.js';
import type { DiskCache } from './disk-cache.js';
import type { FileContent } from './disk-cache-file.js';
import type { LruCache } from './lru-cache.js';

/** Features of one image or video, and the report of its preprocessing. */
export interface CachedFeatures {
  readonly features: FloatTensor; // [visualTokens, hidden]
  readonly report: MediaReport;
}

export type CacheEntry =
  | { readonly kind: 'features'; readonly media: CachedFeatures }
  | { readonly kind: 'prefix'; readonly prefix: KvPrefix };

/** Cache entries by key: an LRU cache in memory and, if configured, a disk cache below it. */
export class TieredCache {
  readonly memory: LruCache<CacheEntry>;
  readonly #disk: DiskCache | undefined;
  /** Reads under way. Two requests for one key get the same object. */
  readonly #reads = new Map<string, Promise<CacheEntry | undefined>>();

  constructor(memory: LruCache<CacheEntry>, disk: DiskCache | undefined) {
    this.memory = memory;
    this.#disk = disk;
  }

  /** Whether nothing can be stored. */
  get isOff(): boolean {
    return this.memory.maxBytes === 0 && !this.#disk;
  }

  /** Keys of both tiers. */
  async keys(): Promise<string[]> {
    return [...this.memory.keys(), ...((await this.#disk?.keys()) ?? [])];
  }

  async get(key: string): Promise<CacheEntry | undefined> {
    return this.memory.get(key) ?? (await this.#readFromDisk(key));
  }

  /** Keeps the present entry of a key, because running sequences share its memory. */
  set(key: string, entry: CacheEntry): void {
    if (this.memory.get(key)) return;
    this.memory.set(key, entry, bytesOf(entry));
    this.#disk?.write(key, toFileContent(entry));
  }

  close(): Promise<void> | undefined {
    return this.#disk?.close();
  }

  async #readFromDisk(key: string): Promise<CacheEntry | undefined> {
    const disk = this.#disk;
    if (!disk) return undefined;
    const read = this.#reads.get(key) ?? this.#load(key, disk);
    this.#reads.set(key, read);
    return await read.finally(() => this.#reads.delete(key));
  }

  async #load(key: string, disk: DiskCache): Promise<CacheEntry | undefined> {
    const content = await disk.read(key);
    if (!content) return undefined;
    const entry = fromFileContent(content);
    this.memory.set(key, entry, bytesOf(entry));
    return entry;
  }
}

function bytesOf(entry: CacheEntry): number {
  return entry.kind === 'features' ? entry.media.features.data.byteLength : entry.prefix.bytes;
}

type Metadata =
  | {
      readonly kind: 'features';
      readonly shape: readonly number[];
      readonly report: CachedFeatures['report'];
    }
  | { readonly kind: 'prefix'; readonly length: number; readonly bytes: number };

function toFileContent(entry: CacheEntry): FileContent {
  if (entry.kind === 'prefix') {
    const { length, bytes, planes } = entry.prefix;
    return { metadata: { kind: 'prefix', length, bytes } satisfies Metadata, planes };
  }
  const { features, report } = entry.media;
  return {
    metadata: { kind: 'features', shape: features.shape, report } satisfies Metadata,
    planes: [{ name: 'features', data: features.data }],
  };
}

/** @param content from a file that `toFileContent` described: the disk cache has checked its hash. */
function fromFileContent({ metadata, planes }: FileContent): CacheEntry {
  const description = metadata as Metadata;
  if (description.kind === 'prefix') {
    const { length, bytes } = description;
    return { kind: 'prefix', prefix: { length, bytes, planes } };
  }
  const features = createTensor(description.shape, planes[0]?.data as Float32Array);
  return { kind: 'features', media: { features, report: description.report } };
}
