import { GRANTED_TOKEN } from './fake-hub.js';
import { type PullFixture, createPullFixture } from './pull-fixture.js';
import { createSyntheticCheckpoint, fileOf, readAll } from './synthetic-checkpoint.js';
import { SHAPES } from './synthetic-shapes.js';

/** One weight file, so that the tensor names come from its header. */
const { files, repository } = createSyntheticCheckpoint({ ...SHAPES.tiny, shardBytes: Infinity });

describe('pulling decoders of other families', () => {
  let fixture: PullFixture;
  afterEach(() => fixture.close());

  /** Opens a hub that serves the checkpoint with changed fields of config.json. */
  const open = async (changes: Record<string, unknown>, access: 'open' | 'gated' = 'open') => {
    const config = JSON.parse(readAll(files.get('config.json')!).toString()) as object;
    const text = JSON.stringify({ ...config, ...changes });
    const changed = new Map([...files, ['config.json', fileOf(Buffer.from(text), 'git')]]);
    fixture = await createPullFixture([{ repository, files: changed, access }]);
  };

  it.each([
    [
      { architectures: ['Gemma3ForConditionalGeneration'], model_type: 'gemma3' },
      'config.json: architectures[0] "Gemma3ForConditionalGeneration" is not supported',
    ],
    [
      { model_type: 'olmo2' },
      'config.json: model_type "olmo2" is not supported. Supported: llama, mistral',
    ],
    [{ hidden_act: 'relu2' }, 'config.json: hidden_act must be silu or gelu'],
  ])('rejects %j after config.json alone', async (changes, message) => {
    await open(changes, 'gated');
    let asked = 0;
    const accept = () => Promise.resolve(++asked > 0);

    await expect(fixture.pull({ accept, token: GRANTED_TOKEN })).rejects.toThrow(message);
    expect([...fixture.hub.sent.keys()]).toEqual(['config.json']);
    expect(asked).toBe(0);
    expect([...fixture.listHome().keys()]).toEqual([]);
  });

  it("uses the checkpoint's own output head although its configuration ties it", async () => {
    await open({ tie_word_embeddings: true });
    const { manifest } = await fixture.pull({});

    expect(manifest.decoder.headRows).toBe('head-rows.bin');
    expect(fixture.sentAgain()).toBeLessThan(10_000);
  });

  it('reports what limits the context window', async () => {
    await open({
      architectures: ['MistralForCausalLM'],
      model_type: 'mistral',
      sliding_window: 64,
    });
    const { manifest } = await fixture.pull({});

    expect(manifest.decoder.maxPositions).toBe(64);
    expect(fixture.events.filter(({ kind }) => kind === 'note')).toEqual([
      {
        kind: 'note',
        note: 'sliding_window is 64: the context window is 64 tokens instead of 512; longer contexts would need a sliding window, which is not supported.',
      },
    ]);
  });
});
