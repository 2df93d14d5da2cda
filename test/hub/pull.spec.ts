import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { offeredLanguages } from '../../src/language/languages.js';
import { computeFolderRevision } from '../../src/models/convert/checkpoint/checkpoint-files.js';
import { convertCheckpoint } from '../../src/models/convert/convert-checkpoint.js';
import { loadModelPackage } from '../../src/models/package/model-package.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { type PullFixture, createPullFixture } from './pull-fixture.js';
import {
  type SyntheticCheckpoint,
  createSyntheticCheckpoint,
  fileOf,
  readAll,
} from './synthetic-checkpoint.js';
import { SHAPES } from './synthetic-shapes.js';

const NEEDLESS = ['.gitattributes', 'images/diagram.png', 'tokenizer.model'];

/** The package files that conversion from a folder creates, with sizes and hashes. */
async function convertInFolder({ files }: SyntheticCheckpoint, precision: 'int8' | 'int4') {
  const folder = createTemporaryFolder();
  try {
    mkdirSync(folder.path('checkpoint'));
    for (const [name, file] of files) {
      if (!name.includes('/')) writeFileSync(folder.path(join('checkpoint', name)), readAll(file));
    }
    const outputDirectory = folder.path('package');
    await convertCheckpoint({
      checkpointDirectory: folder.path('checkpoint'),
      outputDirectory,
      precision,
    });
    return (await loadModelPackage(outputDirectory)).manifest.files;
  } finally {
    folder.remove();
  }
}

describe('pulling a model', () => {
  let fixture: PullFixture;
  afterEach(() => fixture.close());

  it.each([
    ['tiny-vision', 'int8'],
    ['tiny-vision', 'int4'],
    ['tiny', 'int4'],
  ] as const)('makes of %s in %s what converting its folder makes', async (name, precision) => {
    const checkpoint = createSyntheticCheckpoint(SHAPES[name]);
    fixture = await createPullFixture([{ ...checkpoint, access: 'open' }]);
    const { directory, manifest, outcome } = await fixture.pull({ precision });
    const expected = await convertInFolder(checkpoint, precision);

    expect(outcome).toBe('installed');
    expect((await loadModelPackage(directory)).manifest).toEqual(manifest);
    expect(manifest.files).toEqual(expected);
    expect(manifest.source.hub).toEqual({
      repository: checkpoint.repository,
      commit: fixture.hub.commit,
    });
    expect(manifest.source.licence).toBe('apache-2.0');
  });

  it('reads the settings of videos from the folder in which transformers 4.45 put them', async () => {
    const checkpoint = createSyntheticCheckpoint(SHAPES['tiny-vision']);
    const settings = { size: { height: 56, width: 56 }, image_mean: [0.1, 0.2, 0.3] };
    const name = 'video_processor/preprocessor_config.json';
    const files = new Map([
      ...checkpoint.files,
      [name, fileOf(Buffer.from(JSON.stringify(settings)), 'git')],
      ['video_processor/.hidden', fileOf(Buffer.from('x'), 'git')],
      ['video_processor/deeper/preprocessor_config.json', fileOf(Buffer.from('x'), 'git')],
    ]);
    fixture = await createPullFixture([{ ...checkpoint, files, access: 'open' }]);
    const { manifest } = await fixture.pull({});

    expect(manifest.vision?.videoProcessor?.mean).toEqual([0.1, 0.2, 0.3]);
    expect(manifest.vision?.imageProcessor.mean).toEqual([0.5, 0.5, 0.5]);
    expect([...fixture.hub.sent.keys()].filter((path) => path.includes('/'))).toEqual([name]);
    // The revision is that of the same files in a folder.
    const folder = createTemporaryFolder();
    mkdirSync(folder.path('checkpoint/video_processor'), { recursive: true });
    for (const [path, file] of files) {
      if (!NEEDLESS.includes(path) && !/\.hidden|deeper/.test(path)) {
        writeFileSync(folder.path(`checkpoint/${path}`), readAll(file));
      }
    }
    expect(await computeFolderRevision(folder.path('checkpoint'))).toBe(manifest.source.revision);
    folder.remove();
  });

  it('keeps the languages of the model card in the manifest', async () => {
    const checkpoint = createSyntheticCheckpoint(SHAPES.tiny);
    const card = '---\nlicense: apache-2.0\nlanguage:\n- ita\n- en\n- zh\n---\n';
    const files = new Map([...checkpoint.files, ['README.md', fileOf(Buffer.from(card), 'git')]]);
    fixture = await createPullFixture([{ ...checkpoint, files, access: 'open' }]);
    const { manifest } = await fixture.pull({});

    expect(manifest.languages).toEqual(['en', 'ita', 'zh']);
    expect(offeredLanguages(manifest.languages)).toEqual(['en', 'it']);
  });

  it('downloads only the files that conversion needs, each once', async () => {
    const checkpoint = createSyntheticCheckpoint(SHAPES['tiny-vision']);
    fixture = await createPullFixture([{ ...checkpoint, access: 'open' }]);
    await fixture.pull({});
    const needed = [...checkpoint.files].filter(([name]) => !NEEDLESS.includes(name));

    expect([...fixture.hub.sent].sort()).toEqual(
      needed.map(([name, { size }]) => [name, size]).sort(),
    );
  });

  it('stores at most one shard at a time, and none at the end', async () => {
    const checkpoint = createSyntheticCheckpoint(SHAPES['tiny-vision']);
    fixture = await createPullFixture([{ ...checkpoint, access: 'open' }]);
    const shardsSeen = new Set<number>();
    const countShards = () =>
      [...fixture.listHome().keys()].filter((path) => /\.safetensors(\.partial)?$/.test(path))
        .length;
    await fixture.pull({ onEvent: () => void shardsSeen.add(countShards()) });

    expect(Math.max(...shardsSeen)).toBe(1);
    expect(countShards()).toBe(0);
    const folders = new Set([...fixture.listHome().keys()].map((path) => path.split('/')[0]));
    expect([...folders]).toEqual(['packages']);
  });

  it('downloads no weights for an installed model', async () => {
    const checkpoint = createSyntheticCheckpoint(SHAPES.tiny);
    fixture = await createPullFixture([{ ...checkpoint, access: 'open' }]);
    const first = await fixture.pull({});
    const again = await fixture.pull({});

    expect(again).toEqual({ ...first, outcome: 'already-installed' });
    expect(fixture.sentAgain()).toBe(0);
  });

  it('converts a kept checkpoint to another precision without a network', async () => {
    const checkpoint = createSyntheticCheckpoint(SHAPES.tiny);
    fixture = await createPullFixture([{ ...checkpoint, access: 'open' }]);
    await fixture.pull({ source: 'keep' });
    const kept = [...fixture.listHome().keys()].filter((path) => path.endsWith('.safetensors'));
    const requests = fixture.hub.requests.length;
    const { manifest } = await fixture.pull({ precision: 'int4', network: 'offline' });

    expect(kept).toHaveLength(3);
    expect(manifest.precision).toBe('int4');
    expect(fixture.hub.requests).toHaveLength(requests);
  });

  it('reports a missing network if no checkpoint was kept', async () => {
    const checkpoint = createSyntheticCheckpoint(SHAPES.tiny);
    fixture = await createPullFixture([{ ...checkpoint, access: 'open' }]);
    await expect(fixture.pull({ network: 'offline' })).rejects.toMatchObject({
      code: 'HUB_UNAVAILABLE',
    });
    expect(fixture.hub.requests).toHaveLength(0);
  });

  it('pulls only the requested revision', async () => {
    const checkpoint = createSyntheticCheckpoint(SHAPES.tiny);
    fixture = await createPullFixture([{ ...checkpoint, access: 'open' }]);
    await expect(fixture.pull({ revision: 'v9' })).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
    await fixture.pull({ revision: fixture.hub.commit });
    const files = fixture.hub.requests.filter(({ place }) => place === 'resolve');
    expect(files.length).toBeGreaterThan(0);
  });
});
