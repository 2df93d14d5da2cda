import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { createMediaWorkerDecoder } from '../../src/workers/media-worker-decoder.js';
import { createArrivalHandles } from '../../src/engine/scheduling/queue-ticket.js';
import { createMediaInspector } from '../../src/workers/media-inspector.js';
import { findFfmpeg } from '../../src/media/find-ffmpeg.js';
import type { ImageProcessorConfig } from '../../src/models/package/manifest.js';

/**
 * `npx tsx test/bench/bench-video.ts [VIDEO]` after `npm run build`: samples 16 frames of a video of ten hours and
 * prints time and memory (limits: 10 s and 300 MB).
 */
const entry = new URL('../../dist/workers/media.worker.js', import.meta.url);
const processor: ImageProcessorConfig = {
  tileSize: { width: 384, height: 384 },
  resample: 'bicubic',
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  rescaleFactor: 1 / 255,
};
const SAMPLING_MS = 20;

const others = new Set(listDescendants(process.pid));
const folder = mkdtempSync(join(tmpdir(), 'salamandra-bench-'));
const path = process.argv[2] ?? (await makeClip());
const decoder = createMediaWorkerDecoder({ entry });
const inspector = createMediaInspector({ entry });
const arrive = createArrivalHandles();
try {
  const { durationSeconds, width, height } = await inspector.inspect(path);
  const megabytes = Math.round(statSync(path).size / 1e6);
  console.log(`video: ${durationSeconds} s, ${width}x${height}, ${megabytes} MB`);
  for (const mode of ['uniform', 'scene'] as const) {
    const sampling = { mode, frames: { count: 16 } };
    await report(`16 frames, ${mode}`, () =>
      decoder.sampleVideo({ path, processor, sampling, maxFrames: 64 }, arrive()),
    );
  }
  await report('shots, at most 64', () => inspector.detectShots(path, { maxShots: 64 }));
} finally {
  await Promise.all([decoder.close(), inspector.close()]);
  rmSync(folder, { recursive: true });
}
await sleep(2_000);
const left = listDescendants(process.pid).filter((pid) => !others.has(pid));
console.log(`processes left after 2 s: ${left.length}`);

async function makeClip(): Promise<string> {
  const { ffmpegPath } = await findFfmpeg(process.env);
  const clip = join(folder, 'ten-hours.mp4');
  const input = ['-f', 'lavfi', '-i', 'testsrc=size=64x64:rate=1:duration=36000'];
  execFileSync(ffmpegPath, ['-v', 'error', ...input, '-c:v', 'mpeg4', '-g', '250', clip]);
  return clip;
}

/** Prints the time of a task and the peak memory of all child processes meanwhile. */
async function report(what: string, work: () => Promise<unknown>): Promise<void> {
  let peakBytes = 0;
  const timer = setInterval(() => {
    const held = listDescendants(process.pid).map(readResidentBytes);
    peakBytes = Math.max(peakBytes, ...held);
  }, SAMPLING_MS);
  const startMs = performance.now();
  await work();
  clearInterval(timer);
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  console.log(`${what}: ${seconds} s, ${Math.round(peakBytes / 1e6)} MB`);
}

/** All descendants of a process, from /proc. Linux only. */
function listDescendants(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entryName) => /^\d+$/.test(entryName))) {
    const [, parent] = /^PPid:\s+(\d+)/m.exec(readStatus(Number(name))) ?? [];
    parents.set(Number(name), Number(parent));
  }
  const below = (ancestor: number): number[] =>
    [...parents]
      .filter(([, parent]) => parent === ancestor)
      .flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

function readResidentBytes(pid: number): number {
  const [, kilobytes = 0] = /^VmRSS:\s+(\d+)/m.exec(readStatus(pid)) ?? [];
  return Number(kilobytes) * 1_024;
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It has ended since it was listed.
    return '';
  }
}
