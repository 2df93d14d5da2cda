import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import {
  MAX_IMAGE_PIXELS,
  MAX_MEDIA_WORKER_BYTES,
  THUMBNAIL_SIDE_PIXELS,
} from '../../src/config/limits.js';
import { createRandom } from '../../src/decoder/sampling/random.js';
import { createArrivalHandles } from '../../src/engine/scheduling/queue-ticket.js';
import { SalamandraError } from '../../src/errors/salamandra-error.js';
import { createMediaWorkers } from '../../src/workers/media-worker-process.js';
import type { MediaWorkerTask } from '../../src/workers/messages.js';
import {
  findDescendants,
  residentMegabytes,
  watchLargest,
} from '../trial-service/watch-process.js';
import { findPython } from './matrix/find-python.js';
import { makeClips } from './matrix/make-clips.js';
import { makePlainMatrix } from './matrix/make-plain-matrix.js';
import { makeMatrix } from './matrix/read-matrix.js';
import type { MediaTrial } from './media-trial.js';

const GOLDEN = ['further-images', 'program-images'].map((name) =>
  join(import.meta.dirname, '../golden', name),
);
const ENTRY = pathToFileURL(join(import.meta.dirname, '../../dist/workers/media.worker.js'));

const MUTANTS = { short: 80, long: 5_000 } as const;
const TIMEOUT_MS = 60_000;

/** One clip in this number of mutants: each starts ffmpeg. */
const CLIP_SHARE = 25;

/** Codes of a file that is read and refused. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...['MEDIA_CORRUPT', 'MEDIA_EMPTY', 'MEDIA_TOO_LARGE', 'MEDIA_TOO_EXPENSIVE'],
  ...['UNSUPPORTED_FEATURE', 'UNSUPPORTED_MEDIA_TYPE', 'UNSUPPORTED_CODEC'],
  ...['NO_VIDEO_STREAM', 'NO_DECODABLE_FRAME'],
]);

/** Damaged files of all formats through a media worker: a thumbnail each, which decodes all pixels. */
export async function runMutants(trial: MediaTrial): Promise<void> {
  const { report, folder, isShort, seed } = trial;
  const { images, clips } = await makeSeeds(trial);
  const workers = createMediaWorkers({ entry: ENTRY });
  const nextHandle = createArrivalHandles();
  const random = createRandom(seed);
  const outcomes = new Map<string, number>();
  const faults: string[] = [];
  const pids = new Set<number>();
  const largest = watchLargest(() => {
    const [pid] = findDescendants(process.pid, 'media.worker');
    if (pid === undefined) return 0;
    pids.add(pid);
    return residentMegabytes(pid) || 0;
  });
  const count = isShort ? MUTANTS.short : MUTANTS.long;
  try {
    for (let mutant = 0; mutant < count; mutant++) {
      const seeds = clips.length > 0 && mutant % CLIP_SHARE === 0 ? clips : images;
      const seedPath = seeds[Math.floor(random() * seeds.length)] as string;
      const bytes = mutate(readFileSync(seedPath), random);
      const path = join(folder, `mutant${extname(seedPath)}`);
      await writeFile(path, bytes);
      const page = undefined;
      const task: MediaWorkerTask =
        seeds === clips
          ? { type: 'video-thumbnail', path, sidePixels: THUMBNAIL_SIDE_PIXELS }
          : {
              type: 'image-thumbnail',
              file: { path },
              page,
              maxPixels: MAX_IMAGE_PIXELS,
              sidePixels: THUMBNAIL_SIDE_PIXELS,
            };
      const outcome = await workers.run(task, TIMEOUT_MS, nextHandle()).then(
        () => 'decoded',
        (error: unknown) => (error instanceof SalamandraError ? error.code : String(error)),
      );
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (outcome !== 'decoded' && !REFUSALS.has(outcome)) {
        faults.push(`mutant ${mutant} of ${seedPath}: ${outcome}`);
      }
    }
  } finally {
    await workers.close();
  }
  for (const fault of faults.slice(0, 20)) report.note(fault);
  report.note([...outcomes].map(([outcome, times]) => `${outcome}: ${times}`).join(', '));
  report.check({
    what: `mutants: ${count} of ${images.length + clips.length} files, decoded or refused by a media code`,
    bound: 'all',
    measured: `${count - faults.length}, processes used: ${pids.size}`,
    holds: faults.length === 0,
  });
  const megabytes = largest.stop();
  const capMegabytes = MAX_MEDIA_WORKER_BYTES / 1e6;
  report.check({
    what: 'mutants: memory of the media process',
    bound: `${capMegabytes} MB`,
    measured: `${megabytes.toFixed(0)} MB`,
    holds: megabytes <= capMegabytes,
  });
}

interface Seeds {
  readonly images: readonly string[];
  readonly clips: readonly string[];
}

async function makeSeeds({ folder, isShort }: MediaTrial): Promise<Seeds> {
  const made = join(folder, 'seeds');
  const madeClips = join(folder, 'clips');
  await mkdir(made);
  await mkdir(madeClips);
  const { cases } = makeClips(madeClips, isShort);
  const clips = cases.map(({ file }) => join(madeClips, file));
  const further = GOLDEN.flatMap((golden) =>
    readdirSync(golden)
      .filter((name) => !/\.(?:json|py|png)$/.test(name))
      .map((name) => join(golden, name)),
  );
  const plain = (await makePlainMatrix(made)).map(({ file }) => join(made, file));
  const python = isShort ? undefined : findPython();
  if (python === undefined) return { images: [...further, ...plain], clips };
  const full = join(folder, 'full');
  await mkdir(full);
  const matrix = makeMatrix(python, full).cases.map(({ file }) => join(full, file));
  return { images: [...further, ...plain, ...matrix], clips };
}

/** Changes one to eight bytes, most of them in the header, or moves or removes a part, or cuts the file off. */
function mutate(file: Buffer, random: () => number): Buffer {
  const bytes = Buffer.from(file);
  const place = (length: number) => Math.floor(random() * length);
  const kind = random();
  if (kind < 0.1) return bytes.subarray(0, place(bytes.length));
  if (kind < 0.2) {
    const [at, size] = [place(bytes.length), place(64)];
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
  }
  if (kind < 0.3) {
    bytes.copyWithin(place(bytes.length), place(bytes.length), bytes.length);
    return bytes;
  }
  const extremes = [0, 1, 127, 128, 254, 255];
  for (let change = 1 + place(8); change > 0; change--) {
    const range = random() < 0.6 ? Math.min(256, bytes.length) : bytes.length;
    bytes[place(range)] =
      random() < 0.5 ? (extremes[place(extremes.length)] as number) : place(256);
  }
  return bytes;
}
