import { GRANTED_TOKEN, KNOWN_TOKEN } from './fake-hub.js';
import { type PullFixture, createPullFixture } from './pull-fixture.js';
import {
  type SyntheticFile,
  createSyntheticCheckpoint,
  fileOf,
  readAll,
} from './synthetic-checkpoint.js';
import { SHAPES } from './synthetic-shapes.js';

const { files, repository } = createSyntheticCheckpoint(SHAPES.tiny);

const config = JSON.parse(readAll(files.get('config.json')!).toString()) as object;

/** The files of the checkpoint with other fields in config.json. */
function filesWithConfig(changes: object): ReadonlyMap<string, SyntheticFile> {
  const changed = fileOf(Buffer.from(JSON.stringify({ ...config, ...changes })), 'git');
  return new Map([...files, ['config.json', changed]]);
}

/** The files of the checkpoint without its weights, and these. */
function filesWithout(...others: readonly string[]): ReadonlyMap<string, SyntheticFile> {
  const kept = [...files].filter(([name]) => !/^model[-.]/.test(name));
  return new Map([
    ...kept,
    ...others.map((name) => [name, fileOf(Buffer.alloc(99), 'lfs')] as const),
  ]);
}

describe('refusing a model before its weights are downloaded', () => {
  let fixture: PullFixture;
  afterEach(() => fixture.close());

  const open = async (
    changed: ReadonlyMap<string, SyntheticFile>,
    access: 'open' | 'gated' = 'open',
  ) => {
    fixture = await createPullFixture([{ repository, files: changed, access }]);
  };
  const requested = () =>
    fixture.hub.requests.flatMap(({ place, name }) => (place === 'resolve' ? [name] : []));

  it.each([
    [
      'architecture',
      { architectures: ['BloomForCausalLM'], model_type: 'bloom' },
      'architectures[0]',
    ],
    ['activation', { hidden_act: 'relu' }, 'hidden_act'],
  ])('reads the configuration alone to refuse an unknown %s', async (_, changes, field) => {
    await open(filesWithConfig(changes));
    await expect(fixture.pull({})).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining(field) as string,
    });

    expect(requested()).toEqual(['config.json']);
    expect(fixture.listHome().size).toBe(0);
  });

  it('asks for no consent to a gated model that it cannot convert', async () => {
    await open(filesWithConfig({ architectures: ['BloomForCausalLM'] }), 'gated');
    const accept = () => Promise.reject(new Error('asked'));
    await expect(fixture.pull({ token: GRANTED_TOKEN, accept })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
    });
    expect(fixture.listHome().size).toBe(0);
  });

  it.each([
    ['pytorch_model.bin', 'save_pretrained'],
    ['tiny-Q4_K_M.gguf', 'GGUF'],
    ['model.onnx', 'ONNX'],
    ['adapter_model.safetensors', '--adapter'],
  ])('refuses a repository with %s alone by its listing, with the remedy', async (file, remedy) => {
    await open(filesWithout(file));
    await expect(fixture.pull({})).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining(remedy) as string,
    });

    expect(requested()).toEqual([]);
    expect(fixture.listHome().size).toBe(0);
  });

  it.each([
    ['without a token', null],
    ['with a token that has no access', KNOWN_TOKEN],
  ])('names the page of a gated model %s, and leaves no files', async (_, token) => {
    await open(files, 'gated');
    await expect(fixture.pull({ token })).rejects.toMatchObject({
      message: expect.stringContaining(`${fixture.hub.url}/${repository}`) as string,
    });
    expect(fixture.listHome().size).toBe(0);
  });

  it('leaves no files without consent', async () => {
    await open(files, 'gated');
    const accept = () => Promise.resolve(false);
    await expect(fixture.pull({ token: GRANTED_TOKEN, accept })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(fixture.listHome().size).toBe(0);
  });

  it('leaves no files if the header of a single weight file lists an unknown tensor', async () => {
    const header = Buffer.from('{"backdoor":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}}');
    const field = Buffer.alloc(8);
    field.writeBigUInt64LE(BigInt(header.length));
    const weights = fileOf(Buffer.concat([field, header, Buffer.alloc(8)]), 'lfs');
    await open(new Map([...filesWithout(), ['model.safetensors', weights]]));
    await expect(fixture.pull({})).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(fixture.listHome().size).toBe(0);
  });

  it('keeps the downloaded part of an earlier run if access was withdrawn', async () => {
    await open(files, 'gated');
    const stop = new Error('stopped');
    const interrupted = fixture.pull({
      token: GRANTED_TOKEN,
      onEvent: (event) => {
        if (event.kind === 'progress' && event.progress.file === 2) throw stop;
      },
    });
    await expect(interrupted).rejects.toBe(stop);
    const before = fixture.listHome();
    fixture.hub.addFault({
      place: 'resolve',
      name: /./,
      times: 99,
      fault: { kind: 'status', status: 403, headers: { 'x-error-code': 'GatedRepo' } },
    });
    await expect(fixture.pull({ token: KNOWN_TOKEN })).rejects.toMatchObject({ code: 'FORBIDDEN' });

    expect(fixture.listHome()).toEqual(before);
    expect(before.size).toBeGreaterThan(5);
  });
});
