/**
 * `npm run trial:tamper [-- FOLDER]`: changes 200 bytes of a model package, replaces each of its files, and forges its
 * graphs. The package is a copy of the one in FOLDER, or the demo model's, converted for this. Exits with 1 unless
 * every change is rejected with MODEL_INVALID and the unchanged package loads.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createRandom } from '../../src/decoder/sampling/random.js';
import { convertCheckpoint } from '../../src/models/convert/convert-checkpoint.js';
import { loadModelPackage } from '../../src/models/package/model-package.js';
import { loadForgeries } from './forge-graphs.js';
import { type TamperOutcome, flipBytes, replaceFiles } from './tamper-package.js';

const FLIPS = 200;

const work = await mkdtemp(join(tmpdir(), 'trial-tamper-'));
try {
  const directory = join(work, 'package');
  const given = process.argv[2];
  if (given !== undefined) await cp(given, directory, { recursive: true });
  else {
    const checkpointDirectory = join(import.meta.dirname, '..', '..', 'models', 'demo');
    await convertCheckpoint({ checkpointDirectory, outputDirectory: directory, precision: 'int8' });
  }
  const started = performance.now();
  const { manifest } = await loadModelPackage(directory);
  const loadMs = performance.now() - started;
  console.log(`${manifest.id} ${manifest.precision}: checked in ${loadMs.toFixed(0)} ms`);

  const results = [
    report('one byte changed', await flipBytes(directory, FLIPS, createRandom(5))),
    report('files out of place', await replaceFiles(directory)),
    report('forged graphs', await loadForgeries(directory, join(work, 'forged'))),
  ];
  await loadModelPackage(directory);
  console.log('the restored package loads');
  if (results.includes('accepted')) process.exitCode = 1;
} finally {
  await rm(work, { recursive: true });
}

function report(what: string, outcomes: readonly TamperOutcome[]): 'refused' | 'accepted' {
  const accepted = outcomes.filter(({ code }) => code !== 'MODEL_INVALID');
  const refused = outcomes.length - accepted.length;
  console.log(`${what}: ${refused} of ${outcomes.length} rejected with MODEL_INVALID`);
  for (const outcome of accepted) console.log(`  ${outcome.what}: ${outcome.code ?? 'accepted'}`);
  return accepted.length === 0 ? 'refused' : 'accepted';
}
