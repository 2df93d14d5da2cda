import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { jest } from '@jest/globals';

import { convertCheckpoint } from '../../src/models/convert/convert-checkpoint.js';
import { GraphBuilder } from '../../src/models/convert/graph/graph-builder.js';
import { encodeOnnxModel } from '../../src/models/convert/graph/onnx-model.js';
import { type ModelManifest, PACKAGE_FILES } from '../../src/models/package/manifest.js';
import { publishPackage } from '../../src/models/package/package-writer.js';
import { poll } from '../setup/poll.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { type Service, startService } from './service.js';

jest.setTimeout(300_000);

const folder = createTemporaryFolder();
const sound = folder.path('sound');
let manifest: ModelManifest;
let service: Service | undefined;

beforeAll(async () => {
  manifest = await convertCheckpoint({
    checkpointDirectory: 'models/demo',
    outputDirectory: sound,
    precision: 'int8',
  });
});

afterEach(() => {
  service?.process.kill('SIGKILL');
});

afterAll(() => folder.remove());

/** Publishes a copy of the demo package with other files. Its hashes are right, so the integrity checks pass. */
async function publishBroken(
  name: string,
  changes: ReadonlyMap<string, Uint8Array>,
): Promise<string> {
  const staging = folder.path(`${name}.staging`);
  await mkdir(staging);
  await cp(sound, staging, { recursive: true });
  await publishPackage(staging, folder.path(name), changes, manifest);
  return folder.path(name);
}

/** A graph that passes the package checks and that ONNX Runtime rejects: MatMul has two inputs. */
async function brokenHead(): Promise<Uint8Array> {
  const builder = new GraphBuilder('head');
  const { bytes } = manifest.files[PACKAGE_FILES.headWeights]!;
  const range = { file: PACKAGE_FILES.headWeights, offset: 0, length: bytes };
  builder.weight('w', 'float32', [bytes / 4], range);
  builder.emit('MatMul', ['w'], 'y');
  builder.output('y', 'float32', [bytes / 4]);
  return Promise.resolve(encodeOnnxModel(builder.build()));
}

async function brokenTokenizer(): Promise<Uint8Array> {
  const json = JSON.parse(await readFile(join(sound, PACKAGE_FILES.tokenizer), 'utf8')) as Record<
    string,
    unknown
  >;
  return Buffer.from(JSON.stringify({ ...json, decoder: { type: 'WordPiece' } }));
}

const withoutImages = () => Promise.resolve(Buffer.from('{% for m in messages %}x{% endfor %}'));
const rejecting = () => Promise.resolve(Buffer.from("{{ raise_exception('no images') }}"));

it.each([
  ['tokenizer', PACKAGE_FILES.tokenizer, brokenTokenizer, /tokenizer/],
  ['graph', PACKAGE_FILES.head, brokenHead, /ONNX Runtime cannot load a graph/],
  ['template', PACKAGE_FILES.chatTemplate, withoutImages, /chat template|chat_template\.jinja/],
  ['exception', PACKAGE_FILES.chatTemplate, rejecting, /chat template|chat_template\.jinja/],
])(
  'a model with a broken %s is unusable at the first attempt',
  async (name, file, make, reason) => {
    const model = await publishBroken(name, new Map([[file, await make()]]));
    service = await startService({ SALAMANDRA_MODEL: model, SALAMANDRA_HOME: folder.path('home') });
    const { url, output } = service;
    const read = async (path: string) => {
      const response = await fetch(`${url}${path}`);
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };

    const ready = await poll(async () => {
      const reply = await read('/health/ready');
      return reply.body['code'] === 'MODEL_NOT_READY' ? undefined : reply;
    });
    expect(ready).toMatchObject({ status: 503, body: { code: 'MODEL_INVALID', retryable: false } });
    expect(ready.body['detail']).toMatch(reason);
    // The remedy, and no path of this machine.
    expect(ready.body['detail']).toMatch(/[Cc]onvert/);
    expect(ready.body['detail']).not.toContain(folder.path(''));
    expect(await read('/v1/models')).toMatchObject({
      status: 503,
      body: { error: { code: 'model_invalid', message: ready.body['detail'] } },
    });
    expect(output()).toContain(`model: MODEL_INVALID: ${String(ready.body['detail'])}`);
    await sleep(1_500);
    expect(output()).not.toContain('restarting');
    expect(await service.stop()).toBe(0);
  },
);

it('converts a damaged package of the demo model again, and says so in the log', async () => {
  const home = folder.path('home');
  const directory = join(home, 'packages', 'demo', 'int8');
  await cp(sound, directory, { recursive: true });
  const weights = join(directory, `${PACKAGE_FILES.decoder}.data`);
  const bytes = await readFile(weights);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  await writeFile(weights, bytes);
  service = await startService({ SALAMANDRA_HOME: home });
  await service.waitUntilReady();

  expect(service.output()).toMatch(/demo model is damaged and converted again.*SHA-256 differs/);
  expect((await readFile(weights)).equals(bytes)).toBe(false);
});

it('warns at the start that other machines reach it, and that decoders have no limits', async () => {
  // prlimit is not on this PATH.
  service = await startService({
    HOST: '0.0.0.0',
    SALAMANDRA_OPEN: '1',
    PATH: folder.path('empty'),
  });
  const { output } = service;

  await poll(() => /warning: HOST is 0\.0\.0\.0, so other machines/.test(output()) || undefined);
  if (process.platform !== 'linux') return;
  await poll(() => /warning: .*prlimit.* Install util-linux/.test(output()) || undefined);
});
