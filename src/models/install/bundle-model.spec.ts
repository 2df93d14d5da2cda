import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { writeTinyPackage } from '../../../test/trust/write-tiny-package.js';
import { loadModelPackage } from '../package/model-package.js';
import { resolveModel } from '../package/resolve-model.js';
import { bundleModel } from './bundle-model.js';

const run = promisify(execFile);

/** A built and installed project, including a development dependency and a nested package. */
const PROJECT = {
  'package.json': '{}',
  LICENSE: 'Apache',
  'dist/cli.js': 'console.log(process.env.SALAMANDRA_MODEL, process.argv.slice(2).join());',
  'dist/web/page/main.js': '',
  'samples/fox.png': 'fox',
  'src/cli.ts': '',
  'node_modules/.package-lock.json': JSON.stringify({
    packages: {
      'node_modules/used': {},
      'node_modules/used/node_modules/inner': {},
      'node_modules/tool': { dev: true },
    },
  }),
  'node_modules/used/index.js': 'used',
  'node_modules/used/node_modules/inner/index.js': 'inner',
  'node_modules/tool/index.js': 'tool',
};

let root: string;
let project: string;
let packageFolder: string;
const signal = new AbortController().signal;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bundle-model-'));
  project = join(root, 'project');
  for (const [name, content] of Object.entries(PROJECT)) {
    await mkdir(dirname(join(project, name)), { recursive: true });
    await writeFile(join(project, name), content);
  }
  packageFolder = join(root, 'package');
  await writeTinyPackage(packageFolder);
});

afterEach(() => rm(root, { recursive: true }));

const bundle = (outputFolder: string) =>
  bundleModel({ packageFolder, outputFolder, onProgress: () => undefined, signal }, project);

describe('bundleModel', () => {
  it('writes the model and the service, and nothing else', async () => {
    const target = join(root, 'deep', 'bundle');
    const { bytes } = await bundle(target);
    const all = await readdir(target, { recursive: true, withFileTypes: true });
    const files = all.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
    const inModel = await readdir(packageFolder);

    expect(bytes).toBeGreaterThan(2000);
    expect(files.map((file) => file.slice(target.length + 1)).sort()).toEqual(
      [
        ...['README.md', 'SHA256SUMS', 'salamandra', 'salamandra.cmd'],
        ...inModel.map((name) => `model/${name}`),
        ...['package.json', 'LICENSE', 'dist/cli.js', 'dist/web/page/main.js'].map(inService),
        ...['samples/fox.png', 'node_modules/used/index.js'].map(inService),
        inService('node_modules/used/node_modules/inner/index.js'),
      ].sort(),
    );
    expect(await readdir(dirname(target))).toEqual(['bundle']);
  });

  it('loads by the path of the bundle, without the original folders', async () => {
    const target = join(root, 'bundle');
    await bundle(target);
    await rm(packageFolder, { recursive: true });
    const directory = await resolveModel(join(root, 'home'), target, 'int8');

    expect((await loadModelPackage(directory)).manifest.id).toBe('tiny');
  });

  it('starts the service with its model', async () => {
    const target = join(root, 'bundle');
    await bundle(target);
    const { stdout } = await run('sh', ['salamandra', 'ask', 'what'], { cwd: target });

    expect(stdout).toBe(`${join(target, 'model')} ask,what\n`);
    expect((await stat(join(target, 'salamandra'))).mode & 0o111).toBe(0o111);
  });

  it('lists the hash of every file, as sha256sum reads it', async () => {
    const target = join(root, 'bundle');
    await bundle(target);
    const check = () => run('sha256sum', ['--quiet', '-c', 'SHA256SUMS'], { cwd: target });
    const lines = (await readFile(join(target, 'SHA256SUMS'), 'utf8')).trimEnd().split('\n');
    expect((await check()).stdout).toBe('');
    expect(lines).toHaveLength((await readdir(packageFolder)).length + 10);

    await writeFile(join(target, 'model', 'vision.onnx.data'), 'y');
    await expect(check()).rejects.toMatchObject({
      stdout: 'model/vision.onnx.data: FAILED\n',
    });
  });

  it('does not change an existing folder', async () => {
    await expect(bundle(project)).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
    expect(await readFile(join(project, 'LICENSE'), 'utf8')).toBe('Apache');
  });

  it.each([
    ['a package that was changed', 'package/vision.onnx.data', 'changed!', 'MODEL_INVALID'],
    ['a service that was not built', 'project/dist/cli.js', null, 'NOT_FOUND'],
  ])('rejects %s and leaves nothing', async (_, name, content, code) => {
    if (content === null) await rm(join(root, name));
    else await writeFile(join(root, name), content);

    await expect(bundle(join(root, 'bundle'))).rejects.toMatchObject({ code });
    expect((await readdir(root)).sort()).toEqual(['package', 'project']);
  });

  it('stops when aborted', async () => {
    const aborted = AbortSignal.abort(new Error('stopped'));
    const request = { packageFolder, outputFolder: join(root, 'b'), onProgress: () => undefined };

    await expect(bundleModel({ ...request, signal: aborted }, project)).rejects.toThrow('stopped');
    expect((await readdir(root)).sort()).toEqual(['package', 'project']);
  });
});

function inService(name: string): string {
  return `service/${name}`;
}
