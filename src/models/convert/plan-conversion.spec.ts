import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  tinyConfig,
  tinyTensors,
  writeTinyCheckpoint,
} from '../../../test/tiny-model/tiny-checkpoint.js';
import { type CheckpointFiles, readCheckpointFiles } from './checkpoint/checkpoint-files.js';
import { planConversion } from './plan-conversion.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;
const TENSORS = Object.keys(tinyTensors()).map((name) => ({ name, file: null }));
let root: string;
let files: CheckpointFiles;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'planned-package-'));
  await writeTinyCheckpoint(root);
  files = await readCheckpointFiles(root);
});

afterAll(() => rm(root, { recursive: true }));

function withText(changes: Record<string, unknown>): Pick<CheckpointFiles, 'config'> {
  const config = tinyConfig();
  return {
    config: { ...config, text_config: { ...(config['text_config'] as object), ...changes } },
  };
}

function withTokenizer(json: unknown): Pick<CheckpointFiles, 'tokenizer'> {
  return { tokenizer: Buffer.from(JSON.stringify(json)) };
}

describe('the languages of a planned package', () => {
  it('are those of the model card', () => {
    const card = { licence: 'mit', languages: ['de', 'en'] };

    expect(planConversion({ ...files, card }, TENSORS, 'int8').description).toMatchObject({
      languages: ['de', 'en'],
      source: { licence: 'mit' },
    });
    expect(planConversion(files, TENSORS, 'int8').description.languages).toBeNull();
  });
});
function withTemplate(source: string): Pick<CheckpointFiles, 'chatTemplate'> {
  return { chatTemplate: { source, file: 'chat_template.jinja' } };
}

describe('planConversion: packages that would not load', () => {
  it.each(['fp32', 'int8', 'int4', 'mixed'] as const)(
    'accepts the tiny model in %s',
    (precision) => {
      expect(() => planConversion(files, TENSORS, precision)).not.toThrow();
    },
  );

  it.each<[string, () => Partial<CheckpointFiles>]>([
    [
      'a tokenizer with a token behind the vocabulary',
      () => withTokenizer({ model: { vocab: { a: 16 } } }),
    ],
    [
      'a tokenizer with an expression that may take for ever',
      () => withTokenizer({ pre_tokenizer: { pattern: { Regex: '(a+)+$' } } }),
    ],
    ['a tokenizer that is no JSON', () => ({ tokenizer: Buffer.from('{') })],
    ['a token that ends a text behind the vocabulary', () => withText({ bos_token_id: 16 })],
    ['a chat template that is too long', () => withTemplate('x'.repeat((256 << 10) + 1))],
    [
      'settings of a tokenizer that are too long',
      () => ({ tokenizerConfig: Buffer.alloc((4 << 20) + 1) }),
    ],
    ['a vocabulary that no memory holds', () => withText({ vocab_size: (1 << 20) + 1 })],
    [
      'more positions than anybody has memory for',
      () => withText({ max_position_embeddings: 1 << 24 }),
    ],
  ])('rejects %s', (_, change) => {
    expect(() => planConversion({ ...files, ...change() }, TENSORS, 'int8')).toThrow(INVALID);
  });
});
