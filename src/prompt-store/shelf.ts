import type { KeptFolder } from './kept-folder.js';
import { bytesOf, fromFileContent, type KeptValue, toFileContent } from './kept-values.js';
import type { RecentValues } from './recent-values.js';

/** Values by name, in memory and, where there is a folder, on disk. */
export class Shelf {
  readonly #memory: RecentValues<KeptValue>;
  readonly #folder: KeptFolder | undefined;
  /** Those that are on their way from the disk: two requests at once get the same value. */
  readonly #coming = new Map<string, Promise<KeptValue | undefined>>();

  constructor(memory: RecentValues<KeptValue>, folder: KeptFolder | undefined) {
    this.#memory = memory;
    this.#folder = folder;
  }

  /** What it might find. */
  async names(): Promise<string[]> {
    return [...this.#memory.names(), ...((await this.#folder?.names()) ?? [])];
  }

  async find(name: string): Promise<KeptValue | undefined> {
    return this.#memory.get(name) ?? (await this.#fetch(name));
  }

  /** What has a name already stays: those who continue from it have it in common. */
  keep(name: string, value: KeptValue): void {
    if (this.#memory.get(name)) return;
    this.#memory.set(name, value, bytesOf(value));
    this.#folder?.write(name, toFileContent(value));
  }

  close(): Promise<void> | undefined {
    return this.#folder?.close();
  }

  async #fetch(name: string): Promise<KeptValue | undefined> {
    const folder = this.#folder;
    if (!folder) return undefined;
    const coming = this.#coming.get(name) ?? this.#load(name, folder);
    this.#coming.set(name, coming);
    return await coming.finally(() => this.#coming.delete(name));
  }

  async #load(name: string, folder: KeptFolder): Promise<KeptValue | undefined> {
    const content = await folder.read(name);
    if (!content) return undefined;
    const value = fromFileContent(content);
    this.#memory.set(name, value, bytesOf(value));
    return value;
  }
}
