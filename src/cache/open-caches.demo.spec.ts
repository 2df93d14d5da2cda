import { GREEDY } from '../../test/fakes/generation.js';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { PROJECT_DIRECTORY } from '../config/configuration.js';
import { convertCheckpoint } from '../models/convert/convert-checkpoint.js';
import { collectOutcome, type RequestOutcome } from '../engine/collect-outcome.js';
import { questionConversation } from '../engine/conversations.js';
import { loadModel } from '../engine/load-model.js';
import type { PipelineModel } from '../engine/loaded-model.js';
import { resolveLanguage } from '../language/languages.js';
import type { EngineCaches } from './engine-caches.js';
import { createRequestRunner } from '../engine/request-runner.js';
import { decodeAndTileImage } from '../workers/media-tasks.js';
import type { EngineRequest } from '../engine/vision-language-engine.js';
import { PACKAGE_FILES, type Precision } from '../models/package/manifest.js';
import { loadModelPackage } from '../models/package/model-package.js';
import { loadGraph } from '../runtime/graph-session.js';
import { openEngineCaches } from './open-caches.js';

const QUESTIONS = ['What is this?', 'Which colours do you see, and where?', 'How many are there?'];

const folder = createTemporaryFolder();
const closers: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closers) await close();
  folder.remove();
});

/** The demo model with counters of its work. */
async function openDemo(precision: Precision) {
  const outputDirectory = folder.path(precision);
  const checkpointDirectory = join(PROJECT_DIRECTORY, 'models', 'demo');
  await convertCheckpoint({ checkpointDirectory, outputDirectory, precision });
  const modelPackage = await loadModelPackage(outputDirectory);
  const loaded = await loadModel(modelPackage, (graph) =>
    loadGraph(modelPackage.filePath(PACKAGE_FILES[graph]), { threads: 1 }),
  );
  closers.push(() => loaded.close());
  const { decoder, vision } = loaded;
  if (!vision) throw new Error('The demo model has no vision encoder.');
  const work = { decodedImages: 0, encodedBatches: 0, prefilledPositions: 0 };
  const model: PipelineModel = {
    ...loaded,
    mediaDecoder: {
      tile(request) {
        work.decodedImages += 1;
        return decodeAndTileImage(request);
      },
      sampleVideo: () => Promise.reject(new Error('Unexpected video.')),
      close: () => Promise.resolve(),
    },
    vision: {
      ...vision,
      graph: {
        ...vision.graph,
        run(inputs) {
          work.encodedBatches += 1;
          return vision.graph.run(inputs);
        },
      },
    },
    decoder: {
      ...decoder,
      prefill(sequence, embeds) {
        work.prefilledPositions += embeds.shape[0] ?? 0;
        return decoder.prefill(sequence, embeds);
      },
    },
  };
  const reset = () =>
    Object.assign(work, { decodedImages: 0, encodedBatches: 0, prefilledPositions: 0 });
  return { model, work, reset, digest: modelPackage.manifest.digest };
}

async function ask(questions: readonly string[], model: PipelineModel, caches: EngineCaches) {
  const english = resolveLanguage('en');
  const bytes = await readFile(join(PROJECT_DIRECTORY, 'samples', 'fruit.webp'));
  const request: EngineRequest = {
    media: [{ kind: 'image', bytes }],
    detail: 'auto',
    conversations: questions.map((question) => questionConversation(question, english)),
    settings: { ...GREEDY, maxTokens: 24, topLogprobs: 2 },
  };
  const runner = createRequestRunner(model, { memoryBytes: 1e8, caches });
  const outcome = await collectOutcome(runner, request);
  await runner.close();
  return outcome;
}

const tokensOf = ({ answers: [answer] }: RequestOutcome) => answer?.tokens ?? [];

describe.each(['fp32', 'int8', 'int4', 'mixed'] as const)(
  'openEngineCaches with the demo model in %s',
  (precision) => {
    it('prefills only the question of a second request and returns the answer without a cache', async () => {
      const { model, work, reset, digest } = await openDemo(precision);
      const disk = { root: folder.path('cache'), maxBytes: 1e9 };
      const options = { model: digest, maxBytes: 1e9, isShared: true };
      const disabled = await openEngineCaches({ ...options, maxBytes: 0 });
      const caches = await openEngineCaches({ ...options, disk });
      const first = await ask(QUESTIONS.slice(0, 1), model, caches);
      expect(first.answers[0]!.usage.cachedTokens).toBe(0);
      expect(work.prefilledPositions).toBe(first.answers[0]!.usage.promptTokens);
      await caches.close();

      for (const question of QUESTIONS) {
        const uncached = await ask([question], model, disabled);
        for (const filled of [caches, await openEngineCaches({ ...options, disk })]) {
          reset();
          const cached = await ask([question], model, filled);

          expect(work).toMatchObject({ decodedImages: 0, encodedBatches: 0 });
          const { usage } = cached.answers[0]!;
          expect(usage.cachedTokens).toBeGreaterThan(0.7 * usage.promptTokens);
          expect(work.prefilledPositions).toBe(usage.promptTokens - usage.cachedTokens);
          expect(cached.media).toEqual(uncached.media);
          expect(cached.answers[0]!.text).toBe(uncached.answers[0]!.text);
          const [firstToken, ...others] = tokensOf(cached);
          const [expectedFirst, ...expected] = tokensOf(uncached);
          expect(firstToken).toEqual(expectedFirst);
          if (precision !== 'fp32') expect(others).toEqual(expected);
          // Decode steps sum float32 products in another order if the prefix is a separate input.
          expect(others.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
          for (const [index, { logprob }] of others.entries()) {
            expect(logprob).toBeCloseTo(expected[index]!.logprob, 4);
          }
        }
      }
    });
  },
);
