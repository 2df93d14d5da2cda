import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import sharp from 'sharp';

import { decodeImage } from '../../src/media/decode-image.js';
import { findDescendants, watchLargest } from '../trial-service/watch-process.js';
import type { MediaTrial } from './media-trial.js';
import { runReference } from './run-reference.js';

const CLI = join(import.meta.dirname, '../../dist/cli.js');
const PICTURE = join(import.meta.dirname, '../../samples/fox-at-dusk.jpg');

const MAX_MEGABYTES = 1_500;
/** 400 megapixels. */
const JPEG_SIDE = 20_000;
/** 1 GB of RGB. */
const TIFF_SIDE = 18_258;
/** 20 megapixels. */
const JP2_SIZE = { width: 5_472, height: 3_648 } as const;
const NEEDED_WIDTH = 1_920;
const MAX_FRACTION = 1 / 3;
const TIMED_RUNS = 3;

/** The largest files of archives: their memory with the built command line, and resolution levels that save time. */
export async function runLarge(trial: MediaTrial): Promise<void> {
  const { report, folder, isShort } = trial;
  if (isShort) {
    report.note('skipped: large files, which take minutes');
    return;
  }
  const jpeg = join(folder, 'scan.jpg');
  await fillWithPicture(JPEG_SIDE, JPEG_SIDE).jpeg({ quality: 85 }).toFile(jpeg);
  await checkMemory(trial, '400 MP JPEG', jpeg);
  const tiff = join(folder, 'scan.tif');
  await fillWithPicture(TIFF_SIDE, TIFF_SIDE)
    .removeAlpha()
    .tiff({ compression: 'none', tile: true, tileWidth: 256, tileHeight: 256, bigtiff: true })
    .toFile(tiff);
  await checkMemory(trial, '1 GB tiled TIFF', tiff);
  await checkLevels(trial);
}

/** Copies of a photograph side by side: detail down to the pixel, as in a scan, which an enlarged picture lacks. */
function fillWithPicture(width: number, height: number) {
  const create = { width, height, channels: 3, background: 'white' } as const;
  return sharp({ create, limitInputPixels: false }).composite([{ input: PICTURE, tile: true }]);
}

async function checkMemory({ report }: MediaTrial, name: string, path: string): Promise<void> {
  const size = `${(statSync(path).size / 1e6).toFixed(0)} MB`;
  const child = spawn(process.execPath, [CLI, 'caption', path, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const { pid = 0 } = child;
  const start = performance.now();
  const largest = watchLargest(
    () => [pid, ...findDescendants(pid, '')].reduce((sum, each) => sum + ownMegabytes(each), 0),
    100,
  );
  await once(child, 'close');
  const megabytes = largest.stop();
  const seconds = (performance.now() - start) / 1_000;
  const isCaptioned = child.exitCode === 0 && /"text":\s*"\w/.test(output);
  if (!isCaptioned) report.note(output.slice(0, 500));
  report.check({
    what: `large: ${name} of ${size} captioned by the command line`,
    bound: `${MAX_MEGABYTES} MB of memory of all processes`,
    measured: `${megabytes.toFixed(0)} MB, ${seconds.toFixed(1)} s, ${isCaptioned ? 'captioned' : 'not captioned'}`,
    holds: isCaptioned && megabytes > 0 && megabytes <= MAX_MEGABYTES,
  });
}

/** Proportional set size: pages that processes share are divided among them. Linux only; 0 elsewhere. */
function ownMegabytes(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]) / 1_000;
  } catch {
    return 0;
  }
}

async function checkLevels({ report, folder }: MediaTrial): Promise<void> {
  const path = join(folder, 'scan.jp2');
  const source = join(folder, 'scan.png');
  const { width, height } = JP2_SIZE;
  await fillWithPicture(width, height).removeAlpha().png({ compressionLevel: 1 }).toFile(source);
  runReference([
    '-i',
    source,
    '-c:v',
    'jpeg2000',
    '-q:v',
    '4',
    '-pix_fmt',
    'rgb24',
    '-format',
    'jp2',
    path,
  ]);
  const needed = { width: NEEDED_WIDTH, height: Math.round((NEEDED_WIDTH * height) / width) };
  const full = await fastest(() => decodeImage({ path }));
  const reduced = await fastest(() => decodeImage({ path }, { reduceFor: () => needed }));
  const fraction = reduced.ms / full.ms;
  report.check({
    what: `large: 20 MP JP2 for ${NEEDED_WIDTH} pixels, decoded to ${reduced.width} x ${reduced.height}`,
    bound: 'a third of the time of its full decode',
    measured: `${reduced.ms.toFixed(0)} of ${full.ms.toFixed(0)} ms, ${(fraction * 100).toFixed(0)} %`,
    holds: fraction <= MAX_FRACTION && reduced.width >= NEEDED_WIDTH && full.width === width,
  });
}

async function fastest(decode: () => ReturnType<typeof decodeImage>) {
  let best = { ms: Infinity, width: 0, height: 0 };
  for (let run = 0; run < TIMED_RUNS; run++) {
    const start = performance.now();
    const { width, height } = await decode();
    const ms = performance.now() - start;
    if (ms < best.ms) best = { ms, width, height };
  }
  return best;
}
