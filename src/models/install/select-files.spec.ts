import type { HubFile, HubSnapshot } from '../hub/hub-snapshot.js';
import { selectSmallFiles, selectWeights } from './select-files.js';

function snapshot(sizes: Record<string, number>): HubSnapshot {
  const files = Object.entries(sizes).map(([name, bytes]): [string, HubFile] => [
    name,
    { name, bytes, checksum: { kind: 'sha256', hex: '0'.repeat(64) } },
  ]);
  const identity = {
    repository: 'a/b',
    commit: '0'.repeat(40),
    licence: 'x',
    access: 'open',
  } as const;
  return { ...identity, files: new Map(files) };
}

const indexOf = (places: Record<string, string>) =>
  Buffer.from(JSON.stringify({ weight_map: places }));
const names = (files: readonly HubFile[]) => files.map(({ name }) => name);

describe('selectSmallFiles', () => {
  it('selects the files of a conversion, config.json first', () => {
    const selected = selectSmallFiles(
      snapshot({
        ...{ 'tokenizer.json': 1, 'train.py': 1, 'README.md': 1, 'model.safetensors': 1 },
        ...{ 'model.safetensors.index.json': 1, 'config.json': 1, 'pytorch_model.bin': 1 },
        ...{ 'tokenizer_config.json': 1 },
      }),
    );
    expect(names(selected)).toEqual([
      'config.json',
      'tokenizer.json',
      'tokenizer_config.json',
      'model.safetensors.index.json',
      'README.md',
    ]);
  });

  it.each([
    ['without config.json', { 'model.safetensors': 1 }, 'config.json'],
    [
      'with a configuration of gigabytes',
      {
        ...{ 'model.safetensors': 1, 'config.json': 3e9 },
        ...{ 'tokenizer.json': 1, 'tokenizer_config.json': 1 },
      },
      'config.json',
    ],
    ['without safetensors', { 'config.json': 1, 'model.gguf': 1 }, 'model.gguf'],
  ])('rejects a repository %s', (_, sizes, file) => {
    expect(() => selectSmallFiles(snapshot(sizes))).toThrow(`Invalid checkpoint: ${file}: `);
  });
});

describe('selectWeights', () => {
  const shards = { 'model-1.safetensors': 5, 'model-2.safetensors': 6, 'other.safetensors': 7 };
  const index = indexOf({
    a: 'model-2.safetensors',
    b: 'model-1.safetensors',
    c: 'model-2.safetensors',
  });

  it('selects each shard of the index once, and the tensors', () => {
    const { files, tensors } = selectWeights(snapshot(shards), index);
    expect(names(files)).toEqual(['model-1.safetensors', 'model-2.safetensors']);
    expect(tensors).toEqual([
      { name: 'a', file: 'model-2.safetensors' },
      { name: 'b', file: 'model-1.safetensors' },
      { name: 'c', file: 'model-2.safetensors' },
    ]);
  });

  it('prefers a single file, as transformers does', () => {
    const { files, tensors } = selectWeights(
      snapshot({ ...shards, 'model.safetensors': 18 }),
      index,
    );
    expect(names(files)).toEqual(['model.safetensors']);
    expect(tensors).toBeNull();
  });

  it.each([
    ['no index', null],
    ['a shard that is not there', indexOf({ a: 'model-3.safetensors' })],
    ['a path for a shard', indexOf({ a: '../model-1.safetensors' })],
  ])('rejects %s', (_, content) => {
    expect(() => selectWeights(snapshot(shards), content)).toThrow(
      /^Invalid (?:model|checkpoint): /,
    );
  });
});
