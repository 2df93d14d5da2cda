import { join } from 'node:path';

import {
  createTemporaryFolder,
  type TemporaryFolder,
} from '../../../test/setup/temporary-folder.js';
import { loadTinyModel, noiseEmbeddings } from '../../../test/tiny-model/tiny-decoder.js';
import {
  type TinyTensors,
  encodeSafetensors,
  TINY,
  tinyConfig,
  tinyTensors,
  tinyTextConfig,
  tinyTextTensors,
  writeTinyCheckpoint,
} from '../../../test/tiny-model/tiny-checkpoint.js';
import type { ModelManifest } from '../package/manifest.js';
import { loadModelPackage } from '../package/model-package.js';
import { createTensor, type FloatTensor } from '../../tensor/tensor.js';
import { convertCheckpoint } from './convert-checkpoint.js';

type Json = Record<string, unknown>;

const HEAD = 'lm_head.weight';
const EMBEDDINGS = 'model.embed_tokens.weight';
let folder: TemporaryFolder;

beforeAll(() => {
  folder = createTemporaryFolder();
});

afterAll(() => folder.remove());

/** Converts a checkpoint to int8, or to float32. @returns the manifest and the notes */
async function convert(
  name: string,
  config: Json,
  tensors: TinyTensors,
  precision: 'int8' | 'fp32' = 'int8',
): Promise<{ readonly manifest: ModelManifest; readonly notes: readonly string[] }> {
  const checkpointDirectory = folder.path(name);
  await writeTinyCheckpoint(checkpointDirectory, {
    'config.json': JSON.stringify(config),
    'model.safetensors': encodeSafetensors(tensors),
  });
  const notes: string[] = [];
  const manifest = await convertCheckpoint({
    checkpointDirectory,
    outputDirectory: packageOf(name),
    precision,
    onNote: (note) => notes.push(note),
  });
  return { manifest, notes };
}

function packageOf(name: string): string {
  return join(folder.path(name), 'package');
}

/** Hashes of the files that hold weights. */
function weightsOf({ files }: ModelManifest): Json {
  return Object.fromEntries(
    Object.entries(files)
      .filter(([name]) => /\.(data|bin)$/.test(name))
      .map(([name, { sha256 }]) => [name, sha256]),
  );
}

describe('convertCheckpoint: tied output heads', () => {
  const { [HEAD]: head, [EMBEDDINGS]: embeddings, ...layers } = tinyTextTensors();
  const tied = { ...tinyTextConfig(), tie_word_embeddings: true };

  it("uses the checkpoint's own output head although the configuration ties it", async () => {
    const own = await convert('own', tinyTextConfig(), tinyTextTensors());
    const declaredTied = await convert('declared-tied', tied, tinyTextTensors());
    const shared = await convert('shared', tied, { ...layers, [EMBEDDINGS]: embeddings! });

    expect(weightsOf(declaredTied.manifest)).toEqual(weightsOf(own.manifest));
    expect(weightsOf(shared.manifest)['head.onnx.data']).not.toBe(
      weightsOf(own.manifest)['head.onnx.data'],
    );
  });

  it('uses the output head as embeddings if the checkpoint has no others', async () => {
    const swapped = await convert('swapped', tied, { ...layers, [HEAD]: head! });
    const shared = await convert('shared', tied, { ...layers, [EMBEDDINGS]: head! });

    expect(weightsOf(swapped.manifest)).toEqual(weightsOf(shared.manifest));
  });

  it('rejects a checkpoint without an output head that is not tied', async () => {
    const tensors = { ...layers, [EMBEDDINGS]: embeddings! };

    await expect(convert('missing', tinyTextConfig(), tensors)).rejects.toThrow(
      'the tensor `lm_head.weight` is missing, and config.json does not tie it',
    );
  });
});

describe('convertCheckpoint: Gemma 2 in a vision-language model', () => {
  const scale = Math.sqrt(TINY.decoder.hidden);

  /** The tiny model with four norms per layer and a tied output head. */
  function gemmaTensors(): TinyTensors {
    const entries = Object.entries(tinyTensors()).filter(([name]) => !name.includes(HEAD));
    const norms = entries
      .filter(([name]) => name.endsWith('_layernorm.weight'))
      .map(([name, tensor]) => {
        const other = name
          .replace('input_layernorm', 'pre_feedforward_layernorm')
          .replace('post_attention_layernorm', 'post_feedforward_layernorm');
        return [other, tensor] as const;
      });
    return Object.fromEntries([...entries, ...norms]);
  }

  function gemmaConfig(version: string): Json {
    const config = tinyConfig();
    const text = { ...(config['text_config'] as Json), model_type: 'gemma2' };
    return { ...config, transformers_version: version, text_config: text };
  }

  async function hiddenState(name: string, embeds: FloatTensor): Promise<Float32Array> {
    const { decoder, close } = await loadTinyModel(await loadModelPackage(packageOf(name)));
    const hidden = await decoder.prefill(decoder.createSequence(), embeds);
    await close();
    return hidden;
  }

  it('multiplies image features for versions of transformers that did so', async () => {
    const now = await convert('now', gemmaConfig('5.24.0'), gemmaTensors(), 'fp32');
    const before = await convert('before', gemmaConfig('4.57.1'), gemmaTensors(), 'fp32');

    const uncapped: unknown = expect.stringContaining(
      'final_logit_softcapping is 30 and has no effect',
    );
    expect(now.notes).toEqual([uncapped]);
    expect(now.manifest.embeddings.scale).toBe(scale);
    expect(before.notes).toEqual([
      expect.stringContaining('transformers_version is 4.57.1: image features are multiplied'),
      uncapped,
    ]);
    expect(before.manifest.embeddings.scale).toBe(1);
    const embeds = noiseEmbeddings(5, 3);
    const scaled = createTensor(
      embeds.shape,
      embeds.data.map((value) => Math.fround(value * scale)),
    );
    const expected = await hiddenState('now', scaled);
    const actual = await hiddenState('before', embeds);
    const largest = Math.max(...expected.map((value, i) => Math.abs(value - actual[i]!)));
    expect(largest).toBeLessThan(1e-6);
    expect(await hiddenState('now', embeds)).not.toEqual(actual);
  });
});
