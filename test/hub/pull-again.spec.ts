import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { loadModelPackage } from '../../src/models/package/model-package.js';
import { type PullChanges, type PullFixture, createPullFixture } from './pull-fixture.js';
import {
  type SyntheticFile,
  createSyntheticCheckpoint,
  fileOf,
  readAll,
} from './synthetic-checkpoint.js';
import { SHAPES } from './synthetic-shapes.js';

const FIRST_SHARD = 'model-00001-of-00003.safetensors';
const { files, repository } = createSyntheticCheckpoint(SHAPES.tiny);

/** Ends a pull at a step of a file. */
function endingAt(step: string, file: number): Pick<PullChanges, 'onEvent'> {
  return {
    onEvent: (event) => {
      if (event.kind !== 'progress') return;
      if (event.progress.step === step && event.progress.file === file) throw new Error('ended');
    },
  };
}

/** A shard with the signs of its last values flipped. */
function withOtherValues(file: SyntheticFile): SyntheticFile {
  const bytes = Buffer.from(readAll(file));
  for (let i = bytes.length - 1; i > bytes.length - 4_000; i -= 2) bytes[i]! ^= 0x80;
  return fileOf(bytes, 'lfs');
}

describe('pulling again', () => {
  const fixtures: PullFixture[] = [];
  afterEach(async () => {
    for (const fixture of fixtures.splice(0)) await fixture.close();
  });

  const open = async (changes: Readonly<Record<string, SyntheticFile>> = {}) => {
    const changed = new Map([...files, ...Object.entries(changes)]);
    const fixture = await createPullFixture([{ repository, files: changed, access: 'open' }]);
    fixtures.push(fixture);
    return fixture;
  };

  it('converts again if the package lost a file', async () => {
    const { pull } = await open();
    const { directory, manifest } = await pull({});
    await rm(join(directory, 'decoder.onnx.data'));

    expect((await pull({})).outcome).toBe('installed');
    expect((await loadModelPackage(directory)).manifest).toEqual(manifest);
  });

  it('deletes the leftovers of a kill after the last rename', async () => {
    const { pull, home, hub } = await open();
    await expect(pull(endingAt('finish', 3))).rejects.toThrow('ended');
    const saved = `${home}-killed`;
    await cp(home, saved, { recursive: true });
    const { directory } = await pull({});
    await cp(saved, home, { recursive: true });
    await rm(saved, { recursive: true });
    await cp(directory, join(directory, '..', '.int8.old'), { recursive: true });
    const requests = hub.requests.length;
    const { outcome } = await pull({});

    expect(outcome).toBe('already-installed');
    expect(await readdir(join(directory, '..'))).toEqual(['int8']);
    expect(await readdir(join(home, 'sources'))).toEqual([]);
    const places = hub.requests.slice(requests).map(({ place }) => place);
    expect(new Set(places)).toEqual(new Set(['api']));
  });

  it('keeps the unfinished pull of another precision', async () => {
    const { pull, hub } = await open();
    await pull({});
    await expect(pull({ precision: 'int4', ...endingAt('download', 2) })).rejects.toThrow('ended');
    await pull({});
    await pull({ precision: 'int4' });

    expect(hub.sent.get(FIRST_SHARD)).toBe(2 * files.get(FIRST_SHARD)!.size);
  });

  it('downloads no shard again that is converted, even if the source folder is gone', async () => {
    const { pull, hub } = await open();
    await expect(pull(endingAt('download', 2))).rejects.toThrow('ended');
    await pull({ precision: 'int4' });
    const { manifest } = await pull({});
    const clean = await open();

    expect(hub.sent.get(FIRST_SHARD)).toBe(2 * files.get(FIRST_SHARD)!.size);
    expect(manifest).toEqual((await clean.pull({})).manifest);
  });

  it('never mixes the weights that two hubs list for one commit', async () => {
    const mirror = await open({ [FIRST_SHARD]: withOtherValues(files.get(FIRST_SHARD)!) });
    const { pull } = await open();
    const clean = await open();
    await expect(pull({ endpoint: mirror.hub.url, ...endingAt('download', 2) })).rejects.toThrow(
      'ended',
    );
    const { manifest } = await pull({});
    const { manifest: other } = await mirror.pull({});

    expect(manifest).toEqual((await clean.pull({})).manifest);
    expect(manifest.files).not.toEqual(other.files);
  });

  it('pulls the newest commit after an invalid one', async () => {
    const broken = await open({ 'tokenizer.json': fileOf(Buffer.from('[]'), 'git') });
    await expect(broken.pull({})).rejects.toMatchObject({ code: 'MODEL_INVALID' });

    expect([...broken.hub.sent.keys()].filter((name) => /^model-/.test(name))).toEqual([]);
    expect(broken.listHome().size).toBe(0);
  });
});
