import { availableParallelism } from 'node:os';

import { loadConfiguration } from '../../src/config/configuration.js';
import { createWorkerEngine } from '../../src/workers/worker-engine.js';
import type { EngineRequest, ModelDescription } from '../../src/engine/vision-language-engine.js';
import type { Precision } from '../../src/models/package/manifest.js';
import { GREEDY } from '../fakes/generation.js';
import type { Detail } from '../../src/vision/plan-tiles.js';

/** A pool of engines, one per core: one run of the demo model does not use two cores fully. */
export interface EnginePool {
  readonly size: number;
  readonly model: ModelDescription;
  /** Greedy answers to several conversations about the same media, or without media. */
  ask(
    media: EngineRequest['media'],
    conversations: EngineRequest['conversations'],
    detail?: Detail,
  ): Promise<MediaAnswers>;
  close(): Promise<void>;
}

export interface MediaAnswers {
  readonly answers: readonly string[];
  /** Visual tokens of all media. */
  readonly visualTokens: number;
}

/** The longest right answer describes four objects in about 40 tokens. A longer answer is wrong. */
const MAX_TOKENS = 64;

const SETTINGS = { ...GREEDY, maxTokens: MAX_TOKENS };

/** Starts workers of the built service and waits until each has loaded the model, converted if necessary. */
export async function startEnginePool(precision: Precision): Promise<EnginePool> {
  const entry = new URL('frames-worker.mjs', import.meta.url);
  const { home, model } = loadConfiguration(process.env);
  const start = () =>
    createWorkerEngine({ entry, configuration: { home, model, precision, threads: 1 } });
  // The first starts alone, since it may have to convert the checkpoint.
  const first = start();
  const description = await first.describe();
  const engines = [first, ...Array.from({ length: availableParallelism() - 1 }, start)];
  await Promise.all(engines.map((engine) => engine.describe()));
  const load = new Map(engines.map((engine) => [engine, 0]));

  return {
    size: engines.length,
    model: description,
    async ask(media, conversations, detail = 'auto') {
      const [engine] = engines.toSorted((a, b) => (load.get(a) ?? 0) - (load.get(b) ?? 0));
      if (!engine) throw new RangeError('The pool has no engine.');
      load.set(engine, (load.get(engine) ?? 0) + 1);
      try {
        const answers: string[] = [];
        let visualTokens = 0;
        const request = { media, detail, conversations, settings: SETTINGS };
        for await (const event of engine.generate(request)) {
          if (event.type === 'answer') answers[event.conversation] = event.text;
          if (event.type !== 'media') continue;
          for (const report of event.media) visualTokens += report.visualTokens;
        }
        return { answers, visualTokens };
      } finally {
        load.set(engine, (load.get(engine) ?? 0) - 1);
      }
    },
    close: async () => {
      await Promise.all(engines.map((engine) => engine.close()));
    },
  };
}
