import { loadModelPackage } from '../../src/models/package/model-package.js';
import { type PullFixture, createPullFixture } from './pull-fixture.js';
import {
  type SyntheticFile,
  createSyntheticCheckpoint,
  fileOf,
  readAll,
} from './synthetic-checkpoint.js';
import { SHAPES } from './synthetic-shapes.js';

const INDEX = 'model.safetensors.index.json';
const FIRST_SHARD = 'model-00001-of-00003.safetensors';
const { files, repository } = createSyntheticCheckpoint(SHAPES.tiny);

/** The files of the checkpoint with some replaced. */
function filesWith(changes: Readonly<Record<string, SyntheticFile>>) {
  return new Map([...files, ...Object.entries(changes)]);
}

/** The weight index with changed entries. */
function indexWith(change: (weightMap: Record<string, unknown>) => void): SyntheticFile {
  const index = JSON.parse(readAll(files.get(INDEX)!).toString()) as {
    weight_map: Record<string, unknown>;
  };
  change(index.weight_map);
  return fileOf(Buffer.from(JSON.stringify(index)), 'git');
}

describe('pulling from a hostile hub', () => {
  let fixture: PullFixture;
  afterEach(() => fixture.close());

  const open = async (changed: ReadonlyMap<string, SyntheticFile>) => {
    fixture = await createPullFixture([{ repository, files: changed, access: 'open' }]);
  };
  const weightsSent = () => [...fixture.hub.sent.keys()].filter((name) => /^model-/.test(name));

  it.each([
    '../../../outside.json',
    '/etc/outside.json',
    '..\\outside.json',
    'folder/../../outside.json',
    '..',
    'con:',
    'outside\u0000.json',
    'outside\n.json',
  ])('never downloads a file named %j', async (name) => {
    const { size } = files.get('config.json')!;
    await open(filesWith({ [name]: { ...files.get('config.json')!, size } }));
    const { directory, manifest } = await fixture.pull({});

    expect((await loadModelPackage(directory)).manifest).toEqual(manifest);
    expect(fixture.hub.sent.has(name)).toBe(false);
    expect(new Set([...fixture.listHome().keys()].map((path) => path.split('/')[0]))).toEqual(
      new Set(['packages']),
    );
  });

  it.each<[string, (map: Record<string, unknown>) => void]>([
    ['a file outside', (map) => (map['lm_head.weight'] = '../../outside.safetensors')],
    ['an absolute file', (map) => (map['lm_head.weight'] = '/etc/passwd')],
    ['a file that is not there', (map) => (map['lm_head.weight'] = 'model-9.safetensors')],
    ['no file', (map) => (map['lm_head.weight'] = { name: FIRST_SHARD })],
    ['an unknown tensor', (map) => (map['model.layers.0.backdoor'] = FIRST_SHARD)],
    ['one tensor less', (map) => delete map['lm_head.weight']],
  ])('rejects an index that names %s before it downloads weights', async (_, change) => {
    await open(filesWith({ [INDEX]: indexWith(change) }));
    await expect(fixture.pull({})).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(weightsSent()).toEqual([]);
  });

  it.each([
    ['config.json', '{"architectures": ["LlamaForCausalLM"], "hidden_size": 1e300}'],
    ['config.json', '[]'],
    ['config.json', '{'],
    [INDEX, '{"weight_map": []}'],
    ['tokenizer.json', '{"model": {"type": "BPE", "vocab": {"a": 1048576}}}'],
    ['tokenizer.json', '{"pre_tokenizer": {"pattern": {"Regex": "(a+)+$"}}}'],
    ['tokenizer.json', '{"model": {"type": "Unigram", "vocab": {}}, "added_tokens": []}'],
  ])('rejects a %s of %s before it downloads weights', async (name, text) => {
    await open(filesWith({ [name]: fileOf(Buffer.from(text), 'git') }));
    await expect(fixture.pull({})).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(weightsSent()).toEqual([]);
  });

  it('rejects a shard with a forged header, even if its hash is right', async () => {
    const header = Buffer.alloc(1_000, 32);
    header.writeBigUInt64LE(2n ** 63n);
    await open(filesWith({ [FIRST_SHARD]: fileOf(header, 'lfs') }));
    await expect(fixture.pull({})).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  it('rejects a shard with other tensors than the index lists', async () => {
    await open(filesWith({ [FIRST_SHARD]: files.get('model-00002-of-00003.safetensors')! }));
    await expect(fixture.pull({})).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  it('rejects a repository without safetensors weights', async () => {
    const gguf = [...files].filter(([name]) => !/^model[-.]/.test(name));
    await open(new Map([...gguf, ['model-q4.gguf', fileOf(Buffer.alloc(99), 'lfs')]]));
    await expect(fixture.pull({})).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});
