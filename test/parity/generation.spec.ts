import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { NO_CACHES } from '../../src/cache/engine-caches.js';
import { collectOutcome } from '../../src/engine/collect-outcome.js';
import { createRequestRunner } from '../../src/engine/request-runner.js';
import {
  findGenerationFile,
  parseGeneration,
} from '../../src/models/convert/checkpoint/parse-generation.js';
import { decodeAndTileImage } from '../../src/workers/media-tasks.js';
import { GREEDY } from '../fakes/generation.js';
import { type ConvertedModel, openConverted } from '../tiny-model/converted-model.js';
import { hashWeights } from './hash-weights.js';

/** Greedy answers of transformers; see test/golden/sampling/make_answers.py. */
const GOLDEN = JSON.parse(readFileSync('test/golden/sampling/answers.json', 'utf8')) as {
  readonly weightsSha256: string;
  readonly image: string;
  readonly maxNewTokens: number;
  readonly cases: readonly {
    readonly question: string;
    readonly settings: Readonly<Record<string, unknown>>;
    readonly promptTokens: number;
    readonly ids: readonly number[];
  }[];
};
const titled = GOLDEN.cases.map(
  (item) => [`${item.question} ${JSON.stringify(item.settings)}`, item] as const,
);

describe('answers with logits processors', () => {
  let model: ConvertedModel;

  beforeAll(async () => {
    model = await openConverted('models/demo', 'fp32');
  }, 180_000);

  afterAll(() => model.close());

  it('uses references computed from these weights', async () => {
    expect(await hashWeights('models/demo')).toBe(GOLDEN.weightsSha256);
  });

  it.each(titled)('equal those of transformers: %s', async (_, golden) => {
    const { defaults } = parseGeneration(findGenerationFile({}, golden.settings));
    const parts = {
      ...model,
      manifest: { ...model.manifest, generation: defaults },
      mediaDecoder: {
        tile: decodeAndTileImage,
        sampleVideo: () => Promise.reject(new Error('Unexpected call.')),
        close: () => Promise.resolve(),
      },
    };
    const runner = createRequestRunner(parts, { memoryBytes: 1e9, caches: NO_CACHES });
    const { answers } = await collectOutcome(runner, {
      media: [{ kind: 'image', bytes: await readFile(GOLDEN.image) }],
      detail: 'high',
      conversations: [
        [{ role: 'user', content: [{ type: 'image' }, { type: 'text', text: golden.question }] }],
      ],
      settings: {
        ...GREEDY,
        ...{ maxTokens: GOLDEN.maxNewTokens, topLogprobs: 0 },
        ...{ repetitionPenalty: defaults.repetitionPenalty, minTokens: defaults.minNewTokens },
      },
    });
    await runner.close();

    const [answer] = answers;
    expect(answer?.usage.promptTokens).toBe(golden.promptTokens);
    const { eos } = model.manifest.tokens;
    const expected = golden.ids.filter((id) => !eos.includes(id));
    expect(answer?.tokens?.map(({ id }) => id)).toEqual(expected);
  });
});
