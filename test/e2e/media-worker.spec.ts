import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { MediaDecoder } from '../../src/engine/media-decoder.js';
import { createMediaWorkerDecoder } from '../../src/workers/media-worker-decoder.js';
import { createArrivalHandles } from '../../src/engine/scheduling/queue-ticket.js';
import { createMediaInspector, type MediaInspector } from '../../src/workers/media-inspector.js';
import type { FrameSampling } from '../../src/media/frame-sampling.js';
import type { ImageProcessorConfig } from '../../src/models/package/manifest.js';
import {
  describeWithFfmpeg,
  encodeFrames,
  numberedFrames,
  runEncoder,
} from '../videos/ffmpeg-videos.js';
import { createGeometry, readGolden } from '../golden/vision-golden.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { poll } from '../setup/poll.js';

const DIST = new URL('../../dist/', import.meta.url);
const entry = new URL('workers/media.worker.js', DIST);

const TILE_SIDE = 16;
const processor: ImageProcessorConfig = {
  tileSize: { width: TILE_SIDE, height: TILE_SIDE },
  resample: 'bicubic',
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  rescaleFactor: 1 / 255,
};

const folder = createTemporaryFolder();
afterAll(() => folder.remove());

const arrive = createArrivalHandles();
let decoder: MediaDecoder;
let inspector: MediaInspector;
afterEach(() => Promise.all([decoder.close(), inspector.close()]));

function start(timeoutMs?: number): void {
  decoder = createMediaWorkerDecoder({ entry, ...(timeoutMs !== undefined && { timeoutMs }) });
  inspector = createMediaInspector({ entry });
}

function sample(
  path: string,
  count: number,
  signal?: AbortSignal,
  mode: FrameSampling['mode'] = 'uniform',
) {
  const sampling = { mode, frames: { count } };
  return decoder.sampleVideo({ path, processor, sampling, maxFrames: 64 }, arrive(signal));
}

describeWithFfmpeg('a video in the media worker', () => {
  let path: string;
  beforeAll(() => {
    path = folder.path('clip.mp4');
    encodeFrames(path, numberedFrames(40));
  });
  beforeEach(() => start());

  it('becomes one tile per frame', async () => {
    const video = await sample(path, 4);

    expect(video.timestampsSeconds).toEqual([0, 1, 2, 3]);
    expect(video).toMatchObject({ width: 64, height: 48, durationSeconds: 4, framesRequested: 4 });
    expect(video.tiles.map(({ length }) => length)).toEqual(Array(4).fill(TILE_SIDE ** 2 * 3));
    // The frames get brighter.
    const middles = video.tiles.map((tile) => tile[tile.length / 2] ?? 0);
    expect(middles).toEqual(middles.toSorted((a, b) => a - b));
    expect(new Set(middles).size).toBe(4);
  });

  it('is inspected for size, length and frame rate', async () => {
    expect(await inspector.inspect(path)).toEqual({
      durationSeconds: 4,
      width: 64,
      height: 48,
      frameRate: 10,
      clockRestarts: 0,
      timecode: null,
    });
    expect(await inspector.detectShots(path, { maxShots: 4 })).toEqual([
      { startSeconds: 0, endSeconds: 4 },
    ]);
  });

  it('fails without ending the worker', async () => {
    const damaged = folder.path('damaged.mp4');
    writeFileSync(damaged, readFileSync(path).subarray(0, 100));

    await expect(sample(damaged, 4)).rejects.toMatchObject({ code: 'MEDIA_CORRUPT' });
    expect((await sample(path, 1)).timestampsSeconds).toEqual([0]);
  });

  it('may last ten hours', async () => {
    const hours = folder.path('hours.mp4');
    const tenHours = ['-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=1/10:duration=36000'];
    runEncoder([...tenHours, '-c:v', 'mpeg4', '-q:v', '31', '-g', '10', hours]);
    const video = await sample(hours, 16);

    expect(video.durationSeconds).toBe(36_000);
    expect(video.timestampsSeconds).toEqual(Array.from({ length: 16 }, (_, i) => i * 2_250));
  });
});

describe('a media worker without ffmpeg', () => {
  let before: string | undefined;
  beforeAll(() => {
    before = process.env['SALAMANDRA_FFMPEG'];
    process.env['SALAMANDRA_FFMPEG'] = folder.path('missing');
  });
  afterAll(() => restore(before));
  beforeEach(() => start());

  it('rejects videos with a code and decodes images', async () => {
    const path = folder.path('any.mp4');
    writeFileSync(path, 'any');

    await expect(sample(path, 1)).rejects.toMatchObject({ code: 'VIDEO_UNAVAILABLE' });
    await expect(inspector.inspect(path)).rejects.toMatchObject({ code: 'VIDEO_UNAVAILABLE' });
    const geometry = createGeometry(readGolden('packed-features').geometries['demo']!);
    // An empty image is rejected by the image decoder.
    const file = { bytes: new Uint8Array() };
    const picture = { file, geometry, detail: 'low', layout: 'anyres' } as const;
    await expect(
      decoder.tile({ ...picture, maxVisualTokens: 1_000 }, arrive()),
    ).rejects.toMatchObject({
      code: 'MEDIA_EMPTY',
    });
  });
});

// A fake ffmpeg that never ends and writes its process ids to a file.
const describeOnUnix = process.platform === 'win32' ? describe.skip : describe;
describeOnUnix('an ffmpeg process that never ends', () => {
  const path = folder.path('endless.mp4');
  const pids = folder.path('pids');
  let before: string | undefined;
  beforeAll(() => {
    before = process.env['SALAMANDRA_FFMPEG'];
    process.env['SALAMANDRA_FFMPEG'] = folder.path('ffmpeg');
    writeFileSync(path, '\0\0\0\x14ftypisom\0\0\0\0isom');
    writeScript('ffprobe', 'exit 1');
    writeScript(
      'ffmpeg',
      `case "$*" in
        -version) echo "ffmpeg version 8.1" ;;
        -formats) echo " DE null,mov            x"; echo "  E rawvideo        x"; echo " D  mov             x" ;;
        -encoders) ;;
        *) sleep 600 & echo $$ $! >> '${pids}'; while :; do :; done ;;
      esac`,
    );
  });
  afterAll(() => restore(before));
  beforeEach(() => writeFileSync(pids, ''));

  function writeScript(name: string, text: string): void {
    writeFileSync(folder.path(name), `#!/bin/sh\n${text}\n`);
    chmodSync(folder.path(name), 0o755);
  }

  const started = () => readFileSync(pids, 'utf8').split(/\s+/).filter(Boolean).map(Number);
  const isThere = (pid: number) => existsSync(`/proc/${pid}`) && !isZombie(pid);

  async function expectAllGone(): Promise<void> {
    const all = started();
    expect(all.length).toBeGreaterThanOrEqual(2);
    await poll(() => !all.some(isThere) || undefined, 2_000);
  }

  it('is killed at its deadline, with its own child processes', async () => {
    start(12_000);

    await expect(sample(path, 1)).rejects.toMatchObject({ code: 'MEDIA_TOO_EXPENSIVE' });
    await expectAllGone();
  });

  it('is killed when the client disconnects', async () => {
    start();
    const abort = new AbortController();
    const sampling = sample(path, 1, abort.signal);
    const outcome = expect(sampling).rejects.toThrow('left');
    await poll(() => started().length >= 2 || undefined, 30_000);
    abort.abort(new Error('left'));

    await outcome;
    await expectAllGone();
  });

  it('is killed when the worker is closed', async () => {
    start();
    const outcome = expect(inspector.inspect(path)).rejects.toMatchObject({
      code: 'SERVER_UNAVAILABLE',
    });
    await poll(() => started().length >= 2 || undefined, 30_000);
    await inspector.close();

    await outcome;
    await expectAllGone();
  });

  it('is killed when the parent process crashes', async () => {
    start();
    const script = fileURLToPath(new URL('../fakes/media-parent.mjs', import.meta.url));
    const decoderModule = new URL('workers/media-worker-decoder.js', DIST).href;
    const parent = spawn(process.execPath, [script, decoderModule, path], {
      stdio: 'ignore',
      // Jest's process.env is a copy that child processes do not inherit.
      env: process.env,
    });
    await poll(() => started().length >= 2 || undefined, 30_000);
    parent.kill('SIGKILL');

    await expectAllGone();
  });
});

function isZombie(pid: number): boolean {
  try {
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}

function restore(value: string | undefined): void {
  if (value === undefined) delete process.env['SALAMANDRA_FFMPEG'];
  else process.env['SALAMANDRA_FFMPEG'] = value;
}
