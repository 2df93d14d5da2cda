/**
 * `npm run evaluate:demo -- [--scenes N] [--precision int8|fp32]`: measures a model on held-out images and videos of
 * the demo world, through the engine of the built service, with greedy decoding.
 *
 * SALAMANDRA_HOME and SALAMANDRA_MODEL select another model than the bundled one. Exits with 1 if the model misses a
 * target. A run over the full number of scenes writes REPORT.json (fp32: REPORT-fp32.json) in this folder. The numbers
 * of the other tasks are proportional to that of the scenes.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { parseInteger, parsePrecision } from '../../src/config/configuration.js';
import { findEncoder } from './video-files.js';
import { startEnginePool } from './engine-pool.js';
import { measureVideos } from './measure-videos.js';
import { measureFollowUps, measurePairs, measureWords } from './measure-turns.js';
import { measureSmallObjects, measureWorld } from './measure-world.js';
import { createReport, formatReport } from './report.js';
import type { OnProgress } from './run-all.js';
import { Tally } from './tally.js';

const FULL_SCENES = 1_600;
const MAX_SCENES = 40_000;

const { values } = parseArgs({
  options: {
    scenes: { type: 'string', default: String(FULL_SCENES) },
    precision: { type: 'string', default: 'int8' },
  },
});
const world = parseInteger('--scenes', values.scenes, 1, MAX_SCENES);
const ffmpeg = await findEncoder();
/** A video has seven frames on average. */
const scenes = {
  world,
  // Images per size band, each asked about at three details.
  smallObjects: Math.ceil(world / 10),
  clips: Math.ceil(world / 4),
  encodedClips: ffmpeg === undefined ? 0 : Math.ceil(world / 25),
  pairs: Math.ceil(world / 6),
  followUps: Math.ceil(world / 5),
  // Of every three words, one is repeated and two are translated.
  words: Math.max(3, Math.ceil(world / 100)),
};

const pool = await startEnginePool(parsePrecision(values.precision));
// A model given by its folder determines the precision.
const measured = pool.model.precision;
console.error(`${pool.model.name} (${measured}) on ${pool.size} workers`);
if (ffmpeg === undefined) console.error('ffmpeg is missing: encoded videos are not measured.');
const startMs = performance.now();
const tally = new Tally();
const mistakes = [
  ...(await measureWorld(pool, tally, world, showProgress('scenes'))),
  ...(await measureVideos(pool, tally, scenes, ffmpeg, showProgress('clips'))),
  ...(await measurePairs(pool, tally, scenes.pairs, showProgress('pairs of pictures'))),
  ...(await measureFollowUps(
    pool,
    tally,
    scenes.followUps,
    showProgress('scenes with earlier turns'),
  )),
  ...(await measureWords(pool, tally, scenes.words, showProgress('languages without pictures'))),
];
const meanVisualTokens = await measureSmallObjects(
  pool,
  tally,
  scenes.smallObjects,
  showProgress('large pictures'),
);
await pool.close();

const minutes = (performance.now() - startMs) / 60_000;
const report = createReport({
  model: pool.model,
  tally,
  scenes,
  minutes,
  meanVisualTokens,
  mistakes,
});
console.log(formatReport(report));
if (world >= FULL_SCENES) {
  const file = measured === 'int8' ? 'REPORT.json' : `REPORT-${measured}.json`;
  await writeFile(new URL(file, import.meta.url), `${JSON.stringify(report, null, 2)}\n`);
  console.log(`\nWritten to test/evaluation/${file}.`);
}
process.exitCode = report.rows.every(({ isReached }) => isReached) ? 0 : 1;

/** Prints a line on standard error every five seconds. */
function showProgress(what: string): OnProgress {
  const beginMs = performance.now();
  let shownMs = beginMs;
  return (done, of) => {
    const nowMs = performance.now();
    if (nowMs - shownMs < 5_000 && done < of) return;
    shownMs = nowMs;
    const leftSeconds = ((nowMs - beginMs) / done / 1_000) * (of - done);
    console.error(`${done} of ${of} ${what}, about ${Math.ceil(leftSeconds)} s left`);
  };
}
