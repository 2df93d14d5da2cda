import { createHash } from 'node:crypto';

import { ALWAYS_READ, wholeTiles } from '../decoder/prompt-chunks.js';
import type { PromptMarks, PromptStore } from '../engine/prefix-store.js';
import { openKeptFolder } from './kept-folder.js';
import type { KeptValue } from './kept-values.js';
import { endOfMedia, lengthInName, namePrefixes, promptLength } from './prefix-names.js';
import { RecentValues } from './recent-values.js';
import { Shelf } from './shelf.js';

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
export async function openPromptStore(options: PromptStoreOptions): Promise<PromptStore> {
  const { model, maxBytes, disk, isShared } = options;
  const seed = sha256(`${FORMAT} ${model}`);
  const folder = disk?.maxBytes ? await openKeptFolder({ ...disk, model: seed }) : undefined;
  const memory = new RecentValues<KeptValue>(maxBytes);
  const shelf = new Shelf(memory, folder);
  const seen = new RecentValues<true>(MAX_SEEN);
  /** How often a beginning was found. */
  const uses = new RecentValues<number>(MAX_SEEN);
  const media = { hits: 0, misses: 0 };
  const prefixes = { hits: 0, misses: 0 };
  const isOff = maxBytes === 0 && !folder;

  function viewOf(owner: string): PromptStore {
    const nameMedia = (key: string) => `media-${sha256(`${seed} ${owner} ${key}`)}`;
    const nameBeginnings = (marks: PromptMarks, lengths: Iterable<number>) =>
      namePrefixes(`${seed} ${owner}`, marks, lengths);

    return {
      ownedBy: (other) => (isShared ? store : viewOf(other)),
      async embeddings(key) {
        const found = await shelf.find(nameMedia(key));
        media[found ? 'hits' : 'misses'] += 1;
        return found?.kind === 'media' ? found.media : undefined;
      },
      keepEmbeddings(key, value) {
        shelf.keep(nameMedia(key), { kind: 'media', media: value });
      },
      async longestPrefix(marks) {
        const kept = new Set(await shelf.names());
        const longest = promptLength(marks) - ALWAYS_READ;
        const lengths = [...kept].flatMap((name) => lengthInName(name) ?? []);
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
      lengthsToKeep(marks) {
        if (isOff) return [];
        const longest = promptLength(marks) - ALWAYS_READ;
        const base = wholeTiles(endOfMedia(marks));
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
      keepPrefix(marks, prefix) {
        const base = wholeTiles(endOfMedia(marks));
        const lengths = memory.names().flatMap((name) => lengthInName(name) ?? []);
        const shorter = lengths.filter((length) => length < prefix.length);
        for (const [length, name] of nameBeginnings(marks, [...shorter, prefix.length])) {
          if (length === prefix.length) shelf.keep(name, { kind: 'prefix', prefix });
          // A chat that went on will hardly come back to where it was; its picture is asked about again.
          else if (length !== base && (uses.get(name) ?? 0) < 2) memory.demote(name);
        }
      },
      state: () => ({
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
