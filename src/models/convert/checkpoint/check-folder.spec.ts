import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { checkFileNames, checkFolder } from './check-folder.js';

const SMALL = ['config.json', 'tokenizer.json', 'tokenizer_config.json'];
const LFS_POINTER = `version https://git-lfs.github.com/spec/v1
oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
size 12345
`;

function check(...names: string[]) {
  return () => {
    checkFileNames(new Set(names));
  };
}

describe('checkFileNames', () => {
  it('accepts a checkpoint of one file or several', () => {
    expect(check(...SMALL, 'model.safetensors')).not.toThrow();
    expect(check(...SMALL, 'model.safetensors.index.json')).not.toThrow();
  });

  it.each([
    [
      'no configuration',
      ['model.safetensors'],
      'config.json: the file is missing. Download it from the repository of the model.',
    ],
    [
      'a slow tokenizer',
      ['config.json', 'tokenizer_config.json', 'tokenizer.model', 'model.safetensors'],
      'tokenizer.json: the file is missing. There is only tokenizer.model. Make it with transformers: `AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)`.',
    ],
    [
      'no tokenizer',
      ['config.json', 'tokenizer_config.json', 'model.safetensors'],
      'tokenizer.json: the file is missing. Download it from the repository of the model.',
    ],
    [
      'no settings of the tokenizer',
      ['config.json', 'tokenizer.json', 'model.safetensors'],
      'tokenizer_config.json: the file is missing. Download it from the repository of the model.',
    ],
    ['pickled weights', [...SMALL, 'pytorch_model.bin'], 'pytorch_model.bin: PyTorch weights are'],
  ])('rejects %s', (_, names, message) => {
    expect(check(...names)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }) as Error);
    expect(check(...names)).toThrow(`Invalid checkpoint: ${message}`);
  });
});

describe('checkFolder', () => {
  let root: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'check-folder-'));
  });

  afterAll(() => rm(root, { recursive: true }));

  async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await mkdtemp(join(root, 'case-'));
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, name), content);
    return folder;
  }

  it('accepts a checkpoint', async () => {
    const files = [...SMALL, 'model.safetensors'].map((name) => [name, '{}'] as const);

    await expect(checkFolder(await folderOf(Object.fromEntries(files)))).resolves.toBeUndefined();
  });

  it('rejects paths that are not folders', async () => {
    const folder = await folderOf({ 'model.safetensors': 'x', 'model.gguf': 'x' });
    await mkdir(join(folder, 'nothing'));
    const messageOf = (path: string) =>
      checkFolder(path).then(
        () => null,
        (error: unknown) => (error as Error).message,
      );

    expect(await messageOf(join(folder, 'absent'))).toBe(
      'Invalid checkpoint: the folder does not exist.',
    );
    expect(await messageOf(join(folder, 'nothing'))).toBe(
      'Invalid checkpoint: the folder is empty.',
    );
    expect(await messageOf(join(folder, 'model.safetensors'))).toBe(
      'Invalid checkpoint: model.safetensors: the path is a file. Give the folder with config.json and the weights.',
    );
    expect(await messageOf(join(folder, 'model.gguf'))).toBe(
      'Invalid checkpoint: model.gguf: GGUF weights are quantized for llama.cpp. Use the repository they were made from; its model card names it.',
    );
  });

  it.each<[string, string[], string]>([
    [
      'a package',
      ['manifest.json', 'decoder.onnx'],
      'manifest.json: the folder is a model package',
    ],
    ['a cache entry', ['refs', 'snapshots', 'blobs'], 'Use the folder below `snapshots` in it'],
    ['an adapter', ['adapter_config.json', 'adapter_model.safetensors'], 'it is a LoRA adapter'],
    ['an ONNX model', ['config.json', 'onnx'], 'onnx: ONNX exports of other tools'],
  ])('rejects the folder of %s', async (_, names, message) => {
    const folder = await folderOf(Object.fromEntries(names.map((name) => [name, 'x'])));

    await expect(checkFolder(folder)).rejects.toThrow(message);
  });

  it('rejects git-lfs pointers among the small files', async () => {
    const files = [...SMALL, 'model.safetensors'].map((name) => [name, '{}'] as const);
    const folder = await folderOf({
      ...Object.fromEntries(files),
      'tokenizer.json': LFS_POINTER,
    });

    await expect(checkFolder(folder)).rejects.toThrow(
      'Invalid checkpoint: tokenizer.json: the file is a git-lfs pointer, not the content. Run `git lfs pull` in the folder, or download the model with `npx salamandra pull OWNER/NAME`.',
    );
  });
});
