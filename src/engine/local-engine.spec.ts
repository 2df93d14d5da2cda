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
import { decodeAndTileImage } from '../workers/tile-image.js';
import type {
  Conversation,
  EngineRequest,
  RequestMedia,
  VisionLanguageEngine,
} from './vision-language-engine.js';

const PRECISIONS: readonly Precision[] = ['fp32', 'int8', 'int4', 'mixed'];
const SETTINGS = {
  ...{ temperature: 0, topP: 1, topK: 0, repetitionPenalty: 1, seed: 0 },
  ...{ maxTokens: 5, stop: [], topLogprobs: 15 },
};
const TOKENIZER = {
  'tokenizer.json': JSON.stringify(tinyTokenizer()),
  'tokenizer_config.json': JSON.stringify(tinyTokenizerConfig()),
};
const folder = createTemporaryFolder();
const engines: VisionLanguageEngine[] = [];

beforeAll(async () => {
  await writeTinyCheckpoint(folder.path('seeing'), {
    ...TOKENIZER,
    'chat_template.jinja': TINY_CHAT_TEMPLATE,
  });
  await writeTinyCheckpoint(folder.path('base'), {
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

/** The decoder of the tiny model, on its own as a LlamaForCausalLM is. */
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

async function open(checkpoint: 'seeing' | 'base', precision: Precision) {
  const outputDirectory = folder.path(`${checkpoint}-${precision}`);
  const checkpointDirectory = folder.path(checkpoint);
  await convertCheckpoint({ checkpointDirectory, outputDirectory, precision });
  const mediaDecoder = {
    tile: decodeAndTileImage,
    sampleVideo: () => Promise.reject(new Error('There are no clips here.')),
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

/** The probabilities of the first token, by its id. */
function firstProbabilities({ tokens }: Answer): number[] {
  const probabilities = new Array<number>(16).fill(0);
  for (const { id, logprob } of tokens?.[0]?.top ?? []) probabilities[id] = Math.exp(logprob);
  return probabilities;
}

describe.each(PRECISIONS)('a package in %s', (precision) => {
  it('answers about a picture, and goes on with a text', async () => {
    const engine = await open('seeing', precision);
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
    const [about] = await answer(engine, [[{ role: 'user', content }]], [{ kind: 'image', bytes }]);
    const [raw] = await answer(engine, [{ rawText: 'ab ab a' }]);

    expect(about!.usage).toMatchObject({ imageTokens: 5, cachedTokens: 0 });
    expect(raw!.usage.promptTokens).toBeGreaterThan(4);
    expect(raw!.tokens?.length).toBeGreaterThan(0);
  });

  it('goes on with a text where that is all it can', async () => {
    const engine = await open('base', precision);
    const model = await engine.describe();
    expect(model).toMatchObject({ inputModalities: ['text'], prompts: 'raw' });

    const long = { rawText: 'ab a b '.repeat(9) };
    const [first, again] = await answer(engine, [long, long]);

    expect(again!.text).toBe(first!.text);
    expect(first!.usage.promptTokens).toBeGreaterThan(34);
    expect(again!.usage.cachedTokens).toBe(32);
    const message = { role: 'user', content: [{ type: 'text', text: 'a' }] } as const;
    await expect(answer(engine, [[message]])).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });
});

/** The largest difference of two answers' first probabilities, which are nearly all that there are. */
function largestError(one: Answer, other: Answer): number {
  const [expected, actual] = [firstProbabilities(one), firstProbabilities(other)];
  expect(expected.reduce((sum, probability) => sum + probability)).toBeGreaterThan(0.9);
  return Math.max(...expected.map((probability, id) => Math.abs(actual[id]! - probability)));
}

it.each(PRECISIONS)('goes on with a text in %s as if it had not been begun', async (precision) => {
  const engine = await open('base', precision);
  const begun = { rawText: 'c d b ab a '.repeat(3) };
  const whole = { rawText: `${begun.rawText}d` };
  const [alone] = await answer(engine, [whole]);
  const [, after] = await answer(engine, [begun, whole]);

  expect(after!.usage.cachedTokens).toBe(16);
  expect(after!.tokens![0]).toEqual(alone!.tokens![0]);
  // What a step makes of several rows may be rounded in another way, but in int8.
  if (precision === 'int8') expect(after!.text).toBe(alone!.text);
});

it.each([
  ['int8', 0.01],
  ['int4', 0.035],
  ['mixed', 0.01],
] as const)('says in %s nearly what it says in fp32', async (precision, bound) => {
  const prompt = [{ rawText: 'a b c d' }];
  const [exact] = await answer(await open('base', 'fp32'), prompt);
  const [other] = await answer(await open('base', precision), prompt);

  const error = largestError(exact!, other!);
  expect(error).toBeGreaterThan(0);
  expect(error).toBeLessThan(bound);
});
