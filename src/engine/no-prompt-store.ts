import type { PromptStore } from './prefix-store.js';

/** A store that keeps nothing. */
export const NO_PROMPT_STORE: PromptStore = {
  ownedBy: () => NO_PROMPT_STORE,
  embeddings: () => Promise.resolve(undefined),
  keepEmbeddings: () => undefined,
  longestPrefix: () => Promise.resolve(undefined),
  lengthsToKeep: () => [],
  keepPrefix: () => undefined,
  state: () => ({
    bytes: 0,
    maxBytes: 0,
    media: { hits: 0, misses: 0 },
    prefixes: { hits: 0, misses: 0 },
  }),
  close: () => Promise.resolve(),
};
