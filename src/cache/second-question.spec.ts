import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import { PROJECT_DIRECTORY } from '../config/configuration.js';
import { convertCheckpoint } from '../models/convert/convert-checkpoint.js';
import { collectOutcome, type RequestOutcome } from '../engine/collect-outcome.js';
import { questionConversation, resolveLanguages } from '../engine/conversations.js';
import { loadModel } from '../engine/load-model.js';
import type { PipelineModel } from '../engine/loaded-model.js';
import type { EngineCaches } from './engine-caches.js';
import { createRequestRunner } from '../engine/request-runner.js';
import { decodeAndTileImage } from '../workers/tile-image.js';
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

/** The demo model, and what it has done so far. */
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
  if (!vision) throw new Error('The demo model sees.');
  const done = { decoded: 0, encoded: 0, read: 0 };
  const parts: PipelineModel = {
    ...loaded,
    mediaDecoder: {
      tile(request) {
        done.decoded += 1;
        return decodeAndTileImage(request);
      },
      sampleVideo: () => Promise.reject(new Error('There is no clip.')),
      close: () => Promise.resolve(),
    },
    vision: {
      ...vision,
      graph: {
        ...vision.graph,
        run(inputs) {
          done.encoded += 1;
          return vision.graph.run(inputs);
        },
      },
    },
    decoder: {
      ...decoder,
      prefill(sequence, embeds) {
        done.read += embeds.shape[0] ?? 0;
        return decoder.prefill(sequence, embeds);
      },
    },
  };
  const reset = () => Object.assign(done, { decoded: 0, encoded: 0, read: 0 });
  return { parts, done, reset, model: modelPackage.manifest.digest };
}

async function ask(questions: readonly string[], parts: PipelineModel, caches: EngineCaches) {
  const [english] = resolveLanguages(['en']);
  const bytes = await readFile(join(PROJECT_DIRECTORY, 'samples', 'fruit.webp'));
  const request: EngineRequest = {
    media: [{ kind: 'image', bytes }],
    detail: 'auto',
    conversations: questions.map((question) => questionConversation(question, english!)),
    settings: {
      ...{ temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 0 },
      ...{ maxTokens: 24, stop: [], topLogprobs: 2 },
    },
  };
  const runner = createRequestRunner(parts, { memoryBytes: 1e8, caches });
  const outcome = await collectOutcome(runner, request);
  await runner.close();
  return outcome;
}

const tokensOf = ({ answers: [answer] }: RequestOutcome) => answer?.tokens ?? [];

describe.each(['fp32', 'int8', 'int4', 'mixed'] as const)('the demo model in %s', (precision) => {
  it('answers a second question as if it were the first, and reads the question alone', async () => {
    const { parts, done, reset, model } = await openDemo(precision);
    const disk = { root: folder.path('cache'), maxBytes: 1e9 };
    const options = { model, maxBytes: 1e9, isShared: true };
    const off = await openEngineCaches({ ...options, maxBytes: 0 });
    const store = await openEngineCaches({ ...options, disk });
    const first = await ask(QUESTIONS.slice(0, 1), parts, store);
    expect(first.answers[0]!.usage.cachedTokens).toBe(0);
    expect(done.read).toBe(first.answers[0]!.usage.promptTokens);
    await store.close();

    for (const question of QUESTIONS) {
      const fresh = await ask([question], parts, off);
      for (const used of [store, await openEngineCaches({ ...options, disk })]) {
        reset();
        const again = await ask([question], parts, used);

        expect(done).toMatchObject({ decoded: 0, encoded: 0 });
        const { usage } = again.answers[0]!;
        expect(usage.cachedTokens).toBeGreaterThan(0.7 * usage.promptTokens);
        expect(done.read).toBe(usage.promptTokens - usage.cachedTokens);
        expect(again.media).toEqual(fresh.media);
        expect(again.answers[0]!.text).toBe(fresh.answers[0]!.text);
        const [one, ...others] = tokensOf(again);
        const [expectedOne, ...expected] = tokensOf(fresh);
        expect(one).toEqual(expectedOne);
        if (precision !== 'fp32') expect(others).toEqual(expected);
        // Mixtures of floats are sums in another order where a beginning is apart.
        expect(others.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
        for (const [index, { logprob }] of others.entries()) {
          expect(logprob).toBeCloseTo(expected[index]!.logprob, 4);
        }
      }
    }
  });
});
