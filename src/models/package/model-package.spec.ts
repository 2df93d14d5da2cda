import { createHash } from 'node:crypto';
import { link, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { tinyPackageFiles } from '../../../test/tiny-model/tiny-package.js';
import { writeTinyPackage } from '../../../test/trust/write-tiny-package.js';
import { GraphBuilder } from '../convert/graph/graph-builder.js';
import { encodeOnnxModel } from '../convert/graph/onnx-model.js';
import { parseManifestJson, sealManifest, serializeManifest } from './manifest-json.js';
import { inspectPackage, loadModelPackage, readImageNewline } from './model-package.js';

const INVALID = { code: 'MODEL_INVALID' };
let root: string;
let directory: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'model-package-'));
});

afterAll(() => rm(root, { recursive: true }));

beforeEach(async () => {
  directory = join(await mkdtemp(join(root, 'case-')), 'package');
  await writeTinyPackage(directory);
});

/** Replaces a file and its hash in the manifest, as an attacker would. */
async function forge(name: string, content: Uint8Array): Promise<void> {
  const path = join(directory, 'manifest.json');
  const manifest = parseManifestJson(await readFile(path));
  const sha256 = createHash('sha256').update(content).digest('hex');
  const files = { ...manifest.files, [name]: { bytes: content.length, sha256 } };
  await writeFile(path, serializeManifest(sealManifest({ ...manifest, files })));
  await writeFile(join(directory, name), content);
}

describe('loadModelPackage', () => {
  it('loads a written package', async () => {
    const modelPackage = await loadModelPackage(directory);

    expect(modelPackage.manifest.id).toBe('tiny');
    expect(modelPackage.filePath('vision.onnx')).toBe(join(directory, 'vision.onnx'));
    expect(await readImageNewline(modelPackage)).toEqual(Float32Array.of(1, -2));
  });

  it.each(['manifest.json', '../x', 'toString', ''])('returns no path for %j', async (name) => {
    const modelPackage = await loadModelPackage(directory);

    expect(() => modelPackage.filePath(name)).toThrow(expect.objectContaining(INVALID) as Error);
  });

  it.each(Object.keys(tinyPackageFiles()))('rejects any changed byte of %s', async (name) => {
    const path = join(directory, name);
    const bytes = await readFile(path);
    for (const position of new Set([0, bytes.length >> 1, bytes.length - 1])) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(position) ^ 1, position);
      await writeFile(path, changed);

      await expect(loadModelPackage(directory)).rejects.toMatchObject(INVALID);
    }
  });

  it.each(Object.keys(tinyPackageFiles()))('rejects a package without %s', async (name) => {
    await rm(join(directory, name));

    await expect(loadModelPackage(directory)).rejects.toMatchObject(INVALID);
  });

  it('rejects a shorter and a longer file', async () => {
    const path = join(directory, 'tokenizer.json');
    for (const content of ['{', '{} ']) {
      await writeFile(path, content);

      await expect(loadModelPackage(directory)).rejects.toMatchObject(INVALID);
    }
  });

  it('rejects a file and a folder that the manifest does not list', async () => {
    await writeFile(join(directory, 'extra'), '');
    await expect(loadModelPackage(directory)).rejects.toMatchObject(INVALID);

    await rm(join(directory, 'extra'));
    await mkdir(join(directory, 'extra'));
    await expect(loadModelPackage(directory)).rejects.toMatchObject(INVALID);
  });

  it.each(['vision.onnx.data', 'manifest.json'])('rejects %s as a link', async (name) => {
    const path = join(directory, name);
    const elsewhere = join(root, `elsewhere-${name}`);
    await rename(path, elsewhere);
    await symlink(elsewhere, path);
    await expect(loadModelPackage(directory)).rejects.toMatchObject(INVALID);
    await rm(path);
    await link(elsewhere, path);
    await expect(loadModelPackage(directory)).rejects.toMatchObject(INVALID);

    await rm(elsewhere);

    expect((await loadModelPackage(directory)).manifest.id).toBe('tiny');
  });

  it('rejects a folder instead of a file', async () => {
    await rm(join(directory, 'tokenizer.json'));
    await mkdir(join(directory, 'tokenizer.json'));

    await expect(loadModelPackage(directory)).rejects.toMatchObject(INVALID);
  });

  it.each(['', '{', '[]', '{}'])('rejects the manifest %j', async (content) => {
    await writeFile(join(directory, 'manifest.json'), content);

    await expect(loadModelPackage(directory)).rejects.toMatchObject(INVALID);
  });

  it('rejects a manifest of more than a megabyte', async () => {
    await writeFile(join(directory, 'manifest.json'), ' '.repeat(2 ** 20 + 1));

    await expect(loadModelPackage(directory)).rejects.toMatchObject(INVALID);
  });

  it('rejects a graph that reads outside of the package, even with a matching hash', async () => {
    const graph = new GraphBuilder('bad');
    graph.weight('w', 'float32', [2], { file: '../../secret', offset: 0, length: 8 });
    await forge('vision.onnx', encodeOnnxModel(graph.build()));

    await expect(loadModelPackage(directory)).rejects.toMatchObject(INVALID);
  });

  it.each([
    ['an expression', '{"pre_tokenizer":{"type":"Split","pattern":{"Regex":"(a+)+$"}}}'],
    ['an id outside the vocabulary', '{"added_tokens":[{"id":4,"content":"x"}]}'],
    ['no JSON', 'x'],
  ])('rejects a tokenizer with %s, whatever its hash', async (_, content) => {
    await forge('tokenizer.json', Buffer.from(content));

    await expect(loadModelPackage(directory)).rejects.toMatchObject(INVALID);
  });

  it('distinguishes a missing package from an invalid one', async () => {
    await expect(loadModelPackage(join(root, 'none'))).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
  });
});

describe('inspectPackage', () => {
  it('returns the manifest of a complete package', async () => {
    expect((await inspectPackage(directory)).id).toBe('tiny');
  });

  it('rejects wrong names and sizes', async () => {
    await writeFile(join(directory, 'tokenizer.json'), '{} ');
    await expect(inspectPackage(directory)).rejects.toMatchObject(INVALID);

    await rm(join(directory, 'tokenizer.json'));
    await expect(inspectPackage(directory)).rejects.toMatchObject(INVALID);
    await expect(inspectPackage(join(root, 'none'))).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
    });
  });
});
