/**
 * `npm run trial:pull -- [SHAPE] [PRECISION] [HOME]`: pulls a model of full published size from the fake hub, is killed
 * twenty times at random points, and checks the limits: memory, disk, bytes downloaded twice, and a package that loads
 * and generates text. SHAPE is 2b, 7b, 7b-vision (the default) or tiny. The package is kept only if HOME is given.
 * Exits with 1 if a limit is broken. Needs Linux and a build (`npm run build`).
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { inspectPackage } from '../../src/models/package/model-package.js';
import { packageDirectory } from '../../src/models/package/home-folders.js';
import { packageIdOf } from '../../src/models/package/model-names.js';
import { createNoise } from '../tiny-model/tiny-checkpoint.js';
import { startFakeHub } from './fake-hub.js';
import { type PullRun, type PullTrial, runPull } from './interrupted-pull.js';
import { chooseKillPoints } from './kill-points.js';
import { createSyntheticCheckpoint } from './synthetic-checkpoint.js';
import { SHAPES } from './synthetic-shapes.js';
import { diskBytes } from './process-usage.js';

type TrialShape = '2b' | '7b' | '7b-vision' | 'tiny';
type TrialPrecision = 'int4' | 'int8' | 'mixed';

const KILLS = 20;
const MAX_MEMORY_BYTES = 2e9;
/** The small files are on disk beside the package and the shard, twice at the end. */
const SMALL_FILES_BYTES = 64e6;
/** Approximate bytes of a package per byte of the checkpoint. */
const SIZE_RATIOS: Readonly<Record<TrialPrecision, number>> = {
  int4: 0.35,
  int8: 0.52,
  mixed: 0.8,
};

const [shapeName = '7b-vision', precision = 'int4', chosenHome] = process.argv.slice(2) as [
  TrialShape?,
  TrialPrecision?,
  string?,
];
const home = chosenHome ?? join(tmpdir(), `salamandra-trial-${process.pid}`);
mkdirSync(home, { recursive: true });

const checkpoint = createSyntheticCheckpoint(SHAPES[shapeName]);
const startMs = performance.now();
console.log(`${checkpoint.repository} in ${precision}: hashing what the hub serves`);
const hub = await startFakeHub([{ ...checkpoint, access: 'open' }]);
console.log(`hashed, or read from the cache, after ${secondsSince(startMs)} s`);

const weights = [...checkpoint.files]
  .filter(([name]) => name.endsWith('.safetensors'))
  .map(([name, { size }]) => ({ name, size }));
const checkpointBytes = weights.reduce((sum, { size }) => sum + size, 0);
const largestShard = Math.max(...weights.map(({ size }) => size));
const trial: PullTrial = {
  hub,
  home,
  weights,
  args: [checkpoint.repository, '--precision', precision],
  packageBytes: checkpointBytes * SIZE_RATIOS[precision],
};
const diskBefore = diskBytes(home);
const seed = Date.now() % 100_000;
const noise = createNoise(seed);
const points = chooseKillPoints(
  KILLS,
  weights.map(({ size }) => size),
  trial.packageBytes,
  () => noise() + 0.5,
);
console.log(`${KILLS} random kill points, seed ${seed}`);

const runs: PullRun[] = [];
try {
  for (const point of [...points, undefined]) {
    const run = await runPull(trial, point);
    runs.push(run);
    const where = point
      ? `${point.step} ${point.file + 1} at ${(point.share * 100).toFixed(0)} %`
      : 'the end';
    console.log(
      `${run.end} after ${run.seconds.toFixed(0)} s, meant for ${where}: ` +
        `${megabytes(run.peakBytes)} MB of memory, ${megabytes(run.peakDiskBytes - diskBefore)} MB of disk`,
    );
    if (run.end === 'done') break;
  }
  const directory = packageDirectory(home, packageIdOf(checkpoint.repository), precision);
  const manifest = await inspectPackage(directory);
  const resultBytes = diskBytes(directory);
  const again = [...hub.sent].reduce(
    (sum, [name, bytes]) => sum + Math.max(0, bytes - checkpoint.files.get(name)!.size),
    0,
  );
  const killed = runs.filter(({ end }) => end === 'killed').length;
  const peakBytes = Math.max(...runs.map((run) => run.peakBytes));
  const peakDisk = Math.max(...runs.map((run) => run.peakDiskBytes)) - diskBefore;
  const tokens = countWrittenTokens(directory);

  console.log(`package ${manifest.id} ${precision} ${manifest.digest}`);
  console.log(`pulled in ${secondsSince(startMs)} s with ${killed} kills`);
  const promises = [
    promise('kills', killed, KILLS, killed === KILLS),
    promise(
      'memory, MB',
      megabytes(peakBytes),
      megabytes(MAX_MEMORY_BYTES),
      peakBytes <= MAX_MEMORY_BYTES,
    ),
    promise(
      'disk, MB',
      megabytes(peakDisk),
      `${megabytes(resultBytes)} + ${megabytes(largestShard)}`,
      peakDisk <= resultBytes + largestShard + SMALL_FILES_BYTES,
    ),
    promise('fetched again, MB', megabytes(again), megabytes(largestShard), again <= largestShard),
    promise(
      'commit',
      manifest.source.hub?.commit ?? 'none',
      hub.commit,
      manifest.source.hub?.commit === hub.commit,
    ),
    promise('tokens written', tokens, 'one at least', tokens > 0),
  ];
  process.exitCode = promises.every(Boolean) ? 0 : 1;
} finally {
  await hub.close();
  if (chosenHome === undefined) rmSync(home, { recursive: true, force: true });
}

/** Loads and verifies the package, and generates a text, which may be short with random weights. */
function countWrittenTokens(directory: string): number {
  const cli = join(import.meta.dirname, '../../dist/cli.js');
  const args = [cli, 'complete', 'Barcelona', '--max-tokens', '4', '--json', '--model', directory];
  const output = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, SALAMANDRA_HOME: home },
  });
  console.log(output.trim());
  const { usage } = JSON.parse(output) as { usage: { completion_tokens: number } };
  return usage.completion_tokens;
}

function promise(
  name: string,
  found: string | number,
  limit: string | number,
  holds: boolean,
): boolean {
  console.log(`${holds ? 'holds' : 'BROKEN'}: ${name}: ${found} (limit: ${limit})`);
  return holds;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function secondsSince(ms: number): string {
  return ((performance.now() - ms) / 1000).toFixed(0);
}
