import type { DiskCache } from './disk-cache.js';
import { bytesOf, fromFileContent, type CacheEntry, toFileContent } from './cache-entries.js';
import type { LruCache } from './lru-cache.js';

/** Values by name, in memory and, where there is a folder, on disk. */
export class TieredCache {
  readonly #memory: LruCache<CacheEntry>;
  readonly #folder: DiskCache | undefined;
  /** Those that are on their way from the disk: two requests at once get the same value. */
  readonly #coming = new Map<string, Promise<CacheEntry | undefined>>();

  constructor(memory: LruCache<CacheEntry>, folder: DiskCache | undefined) {
    this.#memory = memory;
    this.#folder = folder;
  }

  /** What it might find. */
  async names(): Promise<string[]> {
    return [...this.#memory.names(), ...((await this.#folder?.names()) ?? [])];
  }

  async find(name: string): Promise<CacheEntry | undefined> {
    return this.#memory.get(name) ?? (await this.#fetch(name));
  }

  /** What has a name already stays: those who continue from it have it in common. */
  keep(name: string, value: CacheEntry): void {
    if (this.#memory.get(name)) return;
    this.#memory.set(name, value, bytesOf(value));
    this.#folder?.write(name, toFileContent(value));
  }

  close(): Promise<void> | undefined {
    return this.#folder?.close();
  }

  async #fetch(name: string): Promise<CacheEntry | undefined> {
    const folder = this.#folder;
    if (!folder) return undefined;
    const coming = this.#coming.get(name) ?? this.#load(name, folder);
    this.#coming.set(name, coming);
    return await coming.finally(() => this.#coming.delete(name));
  }

  async #load(name: string, folder: DiskCache): Promise<CacheEntry | undefined> {
    const content = await folder.read(name);
    if (!content) return undefined;
    const value = fromFileContent(content);
    this.#memory.set(name, value, bytesOf(value));
    return value;
  }
}
