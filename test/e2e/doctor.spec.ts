import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { jest } from '@jest/globals';

import {
  type Calibration,
  readCalibrations,
  storeCalibrations,
} from '../../src/measure/doctor/calibration.js';
import { describeProcessor } from '../../src/config/processor.js';
import { KNOWN_MODELS } from '../../src/models/package/known-models.js';
import { loadModelPackage } from '../../src/models/package/model-package.js';
import { createTemporaryFolder, type TemporaryFolder } from '../setup/temporary-folder.js';
import { readLines, run } from './run-cli.js';
import { type Service, startService } from './service.js';

// Packages are converted, loaded and timed on a machine that may be busy.
jest.setTimeout(600_000);

let folder: TemporaryFolder;
let env: Record<string, string>;

beforeAll(() => {
  folder = createTemporaryFolder();
  env = { SALAMANDRA_HOME: folder.path('home'), SALAMANDRA_THREADS: '2' };
});

afterAll(() => folder.remove());

const demo = (file: string) => join(folder.path('home'), 'packages/demo/int8', file);

it('describes the machine, measures, and says which model to take', async () => {
  const { code, stdout } = await run(['doctor'], { env });

  expect(code).toBe(0);
  expect(stdout).toMatch(/^Machine\n {2}Processor /);
  expect(stdout).toMatch(/\n {2}demo {2}int8 .* ok\n/);
  expect(stdout).toMatch(/\nRecommended: SALAMANDRA_PRECISION=int8 SALAMANDRA_THREADS=\d+\n/);
  for (const { name } of KNOWN_MODELS) expect(stdout).toMatch(new RegExp(`\n {2}${name} +\\d`));
  expect(stdout).toMatch(/\n(Take \S+: npx salamandra pull |No model for images )/);
  // The probe is deleted.
  // jobs.db is of the service that an earlier test started.
  const files = readdirSync(folder.path('home')).filter((name) => name !== 'jobs.db');
  expect(files.sort()).toEqual(['calibrations.json', 'packages']);
});

it('keeps steady measurements alone, and prints the same as JSON', async () => {
  rmSync(folder.path('home/calibrations.json'));
  const { code, stdout } = await run(['doctor', '--json'], { env });
  const [report] = readLines(stdout) as [DoctorJson];
  const kept = (await readCalibrations(folder.path('home'))).map(
    ({ model, threads }) => `${model.id} ${model.precision} ${threads}`,
  );
  const steady = report.measured.filter(({ quality }) => quality === 'steady');

  expect(code).toBe(0);
  expect(kept.filter((name) => name.startsWith('demo')).sort()).toEqual(
    steady.map(({ model, precision, threads }) => `${model} ${precision} ${threads}`).sort(),
  );
  expect(kept.includes('speed-probe int4 2')).toBe(report.estimates === 'steady');
  expect(report.models).toHaveLength(KNOWN_MODELS.length);
  for (const { seconds_per_picture, tokens_per_second } of report.models) {
    expect(tokens_per_second).toBeGreaterThan(0);
    expect(seconds_per_picture ?? 1).toBeGreaterThan(0);
  }
});

it('reports a damaged package and a missing model with different codes', async () => {
  const home = folder.path('damaged');
  cpSync(folder.path('home/packages'), join(home, 'packages'), { recursive: true });
  const weights = join(home, 'packages/demo/int8/decoder.onnx.data');
  flipByte(weights);
  const { code, stdout, stderr } = await run(['doctor', '--model', 'absent'], {
    env: { ...env, SALAMANDRA_HOME: home },
  });

  expect(code).toBe(4);
  expect(stdout).toContain('decoder.onnx.data: size or SHA-256 differs from the manifest');
  expect(stderr).toContain('not installed');
});

describe('POST /v1/estimate', () => {
  let service: Service;

  beforeAll(async () => {
    await storeCalibrations(folder.path('home'), [await demoCalibration()]);
    service = await startService(env);
    await service.waitUntilReady();
  });

  afterAll(() => service.stop());

  const send = async (path: string, file: Uint8Array) => {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(file)]));
    form.append('languages', 'ca,es');
    form.append('max_tokens', '16');
    const reply = await fetch(`${service.url}${path}`, { method: 'POST', body: form });
    return (await reply.json()) as Record<string, unknown>;
  };

  it('estimates the tokens that the engine then counts, with times from the calibration', async () => {
    const picture = readFileSync(join(import.meta.dirname, '../../samples/harbour-turned.jpg'));
    const estimate = await send('/v1/estimate', picture);
    const caption = await send('/v1/captions', picture);
    const { width, height, tiles, grid, visual_tokens } = caption['media'] as Record<
      string,
      unknown
    >;

    expect(estimate).toMatchObject({
      media: [{ width, height, tiles, grid, visual_tokens }],
      ...{ texts: 2, fits_context: true, seconds: expect.any(Number) as number, hint: null },
    });
    const [text] = caption['results'] as [{ usage: { prompt_tokens: number } }];
    expect(estimate['prompt_tokens']).toBeGreaterThanOrEqual(text.usage.prompt_tokens);
  });

  it('rejects a file that is no image with the code that /v1/captions uses', async () => {
    const bytes = Buffer.from('neither image nor video');

    expect(await send('/v1/estimate', bytes)).toMatchObject({ code: 'UNSUPPORTED_MEDIA_TYPE' });
  });
});

it('verifies the demo model against its fp32 package, which it converts first', async () => {
  const { code, stdout } = await run(['verify', 'demo', '--json'], { env });

  expect(code).toBe(0);
  expect(readLines(stdout)).toMatchObject([
    { summary: null, precision: 'fp32', role: 'reference', integrity: 'ok', comparison: null },
    {
      summary: expect.stringMatching(
        /^int8: same answer for \d+ of 19 prompts, KL divergence 0\.\d+ nats per token, worst layer \d of 6 \(error \d\.\d+ %\)$/,
      ) as string,
      precision: 'int8',
      role: 'compared',
      comparison: {
        top1_agreement: expect.any(Number) as number,
        image_feature_error: expect.any(Number) as number,
      },
    },
  ]);
  expect(existsSync(folder.path('home/packages/demo/fp32/manifest.json'))).toBe(true);
});

it('rejects a package with one flipped bit', async () => {
  const copy = folder.path('copy');
  cpSync(demo(''), copy, { recursive: true });
  flipByte(join(copy, 'token-embeddings.bin'));
  const { code, stderr } = await run(['verify', copy], { env });

  expect(code).toBe(4);
  expect(stderr).toContain('token-embeddings.bin: size or SHA-256 differs from the manifest');
});

it('stops at Ctrl-C and deletes its temporary files', async () => {
  const { code } = await run(['verify', 'demo'], { env, interruptAt: /fp32: prompt 2/ });

  expect(code).toBe(130);
  // jobs.db is of the service that an earlier test started.
  const files = readdirSync(folder.path('home')).filter((name) => name !== 'jobs.db');
  expect(files.sort()).toEqual(['calibrations.json', 'packages']);
});

interface DoctorJson {
  readonly measured: readonly {
    readonly model: string;
    readonly precision: string;
    readonly threads: number;
    readonly quality: 'steady' | 'disturbed';
  }[];
  readonly models: readonly {
    readonly seconds_per_picture: number | null;
    readonly tokens_per_second: number;
  }[];
  readonly estimates: 'steady' | 'disturbed' | 'earlier';
}

/** A calibration as `doctor` writes it. On a busy machine it keeps none. */
async function demoCalibration(): Promise<Calibration> {
  const { manifest } = await loadModelPackage(demo(''));
  const line = { fixed: 1, linear: 1, square: 0 };
  return {
    ...{ processor: describeProcessor(), threads: 2, loadMs: 1 },
    model: { id: 'demo', revision: manifest.source.revision, precision: 'int8' },
    measuredAt: new Date().toISOString(),
    speed: {
      vision: { tiling: line, encoding: line },
      ...{ prefill: line, step: line, extraSequenceShare: 0.2 },
    },
    peak: { bytes: 2e8, positions: 1000 },
  };
}

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  writeFileSync(path, bytes);
}
