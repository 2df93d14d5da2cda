import { GREEDY } from '../../test/fakes/generation.js';
import { readFile } from 'node:fs/promises';

import { createTemporaryFolder } from '../../test/setup/temporary-folder.js';
import {
  encodeSafetensors,
  tinyConfig,
  tinyTensors,
  writeTinyCheckpoint,
} from '../../test/tiny-model/tiny-checkpoint.js';
import {
  TINY_CHAT_TEMPLATE,
  tinyTokenizer,
  tinyTokenizerConfig,
} from '../../test/tiny-model/tiny-tokenizer.js';
import { convertCheckpoint } from '../models/convert/convert-checkpoint.js';
import type { Precision } from '../models/package/manifest.js';
import { loadModelPackage } from '../models/package/model-package.js';
import { collectOutcome } from './collect-outcome.js';
import { createLocalEngine } from './local-engine.js';
import { decodeAndTileImage } from '../workers/media-tasks.js';
import type {
  Conversation,
  EngineRequest,
  RequestMedia,
  VisionLanguageEngine,
} from './vision-language-engine.js';

const PRECISIONS: readonly Precision[] = ['fp32', 'int8', 'int4', 'mixed'];
const SETTINGS = {
  ...GREEDY,
  maxTokens: 5,
  topLogprobs: 15,
};
const TOKENIZER = {
  'tokenizer.json': JSON.stringify(tinyTokenizer()),
  'tokenizer_config.json': JSON.stringify(tinyTokenizerConfig()),
};
const folder = createTemporaryFolder();
const engines: VisionLanguageEngine[] = [];

beforeAll(async () => {
  await writeTinyCheckpoint(folder.path('vision'), {
    ...TOKENIZER,
    'chat_template.jinja': TINY_CHAT_TEMPLATE,
  });
  await writeTinyCheckpoint(folder.path('text-only'), {
    ...TOKENIZER,
    'config.json': JSON.stringify(textConfig()),
    'model.safetensors': encodeSafetensors(textTensors()),
    'preprocessor_config.json': null,
    'chat_template.jinja': null,
  });
});

afterAll(async () => {
  for (const engine of engines) await engine.close();
  folder.remove();
});

/** Config of the tiny model's decoder as a text-only `LlamaForCausalLM`. */
function textConfig(): object {
  const { text_config: decoder } = tinyConfig() as { text_config: object };
  return { ...decoder, architectures: ['LlamaForCausalLM'] };
}

function textTensors() {
  const prefix = 'language_model.';
  return Object.fromEntries(
    Object.entries(tinyTensors())
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}

async function open(checkpoint: 'vision' | 'text-only', precision: Precision) {
  const outputDirectory = folder.path(`${checkpoint}-${precision}`);
  const checkpointDirectory = folder.path(checkpoint);
  await convertCheckpoint({ checkpointDirectory, outputDirectory, precision });
  const mediaDecoder = {
    tile: decodeAndTileImage,
    sampleVideo: () => Promise.reject(new Error('Unexpected video.')),
    close: () => Promise.resolve(),
  };
  const modelPackage = await loadModelPackage(outputDirectory);
  const engine = await createLocalEngine(modelPackage, { threads: 1, mediaDecoder });
  engines.push(engine);
  return engine;
}

async function answer(
  engine: VisionLanguageEngine,
  conversations: Conversation[],
  media: RequestMedia[] = [],
) {
  const request: EngineRequest = { media, detail: 'low', conversations, settings: SETTINGS };
  return (await collectOutcome(engine, request)).answers;
}

type Answer = Awaited<ReturnType<typeof answer>>[number];

/** Probabilities of the first token by token id, 0 if not reported. */
function firstProbabilities({ tokens }: Answer): number[] {
  const probabilities = new Array<number>(16).fill(0);
  for (const { id, logprob } of tokens?.[0]?.top ?? []) probabilities[id] = Math.exp(logprob);
  return probabilities;
}

describe.each(PRECISIONS)('createLocalEngine with a package in %s', (precision) => {
  it('answers a question about an image and continues a raw text', async () => {
    const engine = await open('vision', precision);
    const model = await engine.describe();
    expect(model).toMatchObject({
      precision,
      inputModalities: ['text', 'image', 'video'],
      prompts: 'chat-and-raw',
      contextLength: 64,
      hub: null,
    });

    const bytes = await readFile('samples/fox.png');
    const content = [{ type: 'image' }, { type: 'text', text: 'a b' }] as const;
    const [captioned] = await answer(
      engine,
      [[{ role: 'user', content }]],
      [{ kind: 'image', bytes }],
    );
    const [raw] = await answer(engine, [{ rawText: 'ab ab a' }]);

    expect(captioned!.usage).toMatchObject({ imageTokens: 5, cachedTokens: 0 });
    expect(raw!.usage.promptTokens).toBeGreaterThan(4);
    expect(raw!.tokens?.length).toBeGreaterThan(0);
  });

  it('continues raw texts and refuses messages without a chat template', async () => {
    const engine = await open('text-only', precision);
    const model = await engine.describe();
    expect(model).toMatchObject({ inputModalities: ['text'], prompts: 'raw' });

    const long = { rawText: 'ab a b '.repeat(9) };
    const [first, second] = await answer(engine, [long, long]);

    expect(second!.text).toBe(first!.text);
    expect(first!.usage.promptTokens).toBeGreaterThan(34);
    expect(second!.usage.cachedTokens).toBe(32);
    const message = { role: 'user', content: [{ type: 'text', text: 'a' }] } as const;
    await expect(answer(engine, [[message]])).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });
});

/** Largest difference of two answers' first-token probabilities. Those that are reported sum to 0.9 at least. */
function largestError(reference: Answer, answered: Answer): number {
  const [expected, actual] = [firstProbabilities(reference), firstProbabilities(answered)];
  expect(expected.reduce((sum, probability) => sum + probability)).toBeGreaterThan(0.9);
  return Math.max(...expected.map((probability, id) => Math.abs(actual[id]! - probability)));
}

describe('createLocalEngine', () => {
  it.each(PRECISIONS)(
    'continues a shared prefix in %s like a separate prompt',
    async (precision) => {
      const engine = await open('text-only', precision);
      const prefix = { rawText: 'c d b ab a '.repeat(3) };
      const whole = { rawText: `${prefix.rawText}d` };
      const [alone] = await answer(engine, [whole]);
      const [, shared] = await answer(engine, [prefix, whole]);

      expect(shared!.usage.cachedTokens).toBe(16);
      expect(shared!.tokens![0]).toEqual(alone!.tokens![0]);
      // A batched decode step may round differently from a single one, except with int8 weights.
      if (precision === 'int8') expect(shared!.text).toBe(alone!.text);
    },
  );

  it.each(PRECISIONS)('scores a prompt in %s as it scored the same answer', async (precision) => {
    const engine = await open('text-only', precision);
    const echo = (tokenIds: readonly number[], maxTokens: number) =>
      collectOutcome(engine, {
        ...{ media: [], detail: 'auto', conversations: [{ tokenIds }], echo: 'logprobs' },
        settings: { ...SETTINGS, maxTokens },
      });
    const { answers: written } = await echo([3, 5, 4], 5);
    const { prompt, tokens } = written[0]!;
    expect(prompt!.tokens.map(({ id }) => id)).toEqual([3, 5, 4]);
    expect(tokens!.length).toBeGreaterThan(0);

    const ids = [...prompt!.tokens, ...tokens!].map(({ id }) => id);
    const { answers: scored } = await echo(ids, 0);
    expect(scored[0]).toMatchObject({ text: '', tokens: [], finishReason: 'length' });
    expect(scored[0]!.usage).toMatchObject({ promptTokens: ids.length, completionTokens: 0 });
    const logprobs = scored[0]!.prompt!.tokens.map(({ logprob }) => logprob);
    expect(logprobs[0]).toBeNull();
    for (const [index, { logprob }] of [...prompt!.tokens, ...tokens!].entries()) {
      if (index > 0) expect(logprobs[index]).toBeCloseTo(logprob!, 5);
    }
  });

  it('repeats a single token without an answer', async () => {
    const { answers } = await collectOutcome(await open('text-only', 'fp32'), {
      ...{ media: [], detail: 'auto', conversations: [{ tokenIds: [3] }], echo: 'logprobs' },
      settings: { ...SETTINGS, maxTokens: 0 },
    });

    expect(answers[0]!.prompt!.tokens).toMatchObject([{ id: 3, logprob: null, top: [] }]);
    expect(answers[0]!.usage).toMatchObject({ promptTokens: 1, completionTokens: 0 });
  });

  it.each([
    ['int8', 0.01],
    ['int4', 0.035],
    ['mixed', 0.01],
  ] as const)('predicts the first token in %s nearly as in fp32', async (precision, bound) => {
    const prompt = [{ rawText: 'a b c d' }];
    const [reference] = await answer(await open('text-only', 'fp32'), prompt);
    const [quantized] = await answer(await open('text-only', precision), prompt);

    const error = largestError(reference!, quantized!);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(bound);
  });
});
