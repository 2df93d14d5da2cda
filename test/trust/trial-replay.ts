/**
 * `npm run trial:replay [-- --texts 500]`: captions held-out scenes of the demo world with the built service, a part of
 * them with sampling, and replays every receipt: under load, after a restart, and with another number of threads.
 * Exits with 1 unless every replay with the same threads is equal, and every other one names its threads.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { parseInteger } from '../../src/config/configuration.js';
import type { Receipt } from '../../src/engine/receipts/receipt.js';
import type { Difference, ReplayOutcome } from '../../src/engine/receipts/replay.js';
import { startService } from '../e2e/service.js';
import { drawScene } from '../evaluation/draw-scene.js';
import { sampleScene } from '../evaluation/scenes.js';

const LANGUAGES = ['ca', 'de', 'el', 'en', 'hu'] as const;
/** Requests at a time, so that the batches of the decoder differ between the first run and the replays. */
const CLIENTS = 3;

interface Captioned {
  readonly picture: Uint8Array;
  readonly receipt: Receipt;
}

interface ReplayJson {
  readonly outcome: ReplayOutcome;
  readonly signature: string;
  readonly differences: readonly Difference[];
}

const { values } = parseArgs({ options: { texts: { type: 'string', default: '500' } } });
const texts = parseInteger('--texts', values.texts, LANGUAGES.length, 5_000);
const threads = Math.min(2, availableParallelism());
/** One thread adds numbers in another order than two. */
const otherThreads = threads === 1 ? 2 : 1;
const work = await mkdtemp(join(tmpdir(), 'trial-replay-'));
try {
  const captioned = await withService(threads, (url) => captionScenes(url));
  const middle = Math.ceil(captioned.length / 2);
  const underLoad = await withService(threads, (url) =>
    loadWhile(url, captioned, () => replayAll(url, captioned.slice(0, middle))),
  );
  const restarted = await withService(threads, (url) => replayAll(url, captioned.slice(middle)));
  const isEqual = [
    report('under load, after a restart', underLoad),
    report('after a restart', restarted),
  ].every(Boolean);
  const other = await withService(otherThreads, (url) => replayAll(url, captioned));
  const named = other.filter(({ differences }) =>
    differences.some(({ field }) => field === 'machine.threads'),
  );
  report(`threads: ${otherThreads} instead of ${threads}`, other);
  console.log(`  threads named in ${named.length} of ${other.length}`);
  if (!isEqual || named.length < other.length) process.exitCode = 1;
} finally {
  await rm(work, { recursive: true });
}

async function withService<T>(count: number, use: (url: string) => Promise<T>): Promise<T> {
  const env = { SALAMANDRA_HOME: join(work, 'home'), SALAMANDRA_THREADS: String(count) };
  const service = await startService({ ...env, SALAMANDRA_DISK_CACHE_MB: '0' });
  try {
    await service.waitUntilReady();
    return await use(service.url);
  } finally {
    await service.stop();
  }
}

/** Every fifth picture is captioned with sampling. */
async function captionScenes(url: string): Promise<Captioned[]> {
  const pictures = await Promise.all(
    Array.from({ length: Math.ceil(texts / LANGUAGES.length) }, (_, index) =>
      drawScene(sampleScene(index)),
    ),
  );
  const perPicture = await inParallel(pictures, async (picture, index) => {
    const options = { languages: LANGUAGES, kind: ['long'], receipts: true };
    const sampling = index % 5 === 0 ? { temperature: 0.8, seed: index } : {};
    const reply = await post(url, '/v1/captions', { ...options, ...sampling, ...media(picture) });
    const { results } = reply as { readonly results: readonly { readonly receipt: Receipt }[] };
    return results.map(({ receipt }) => ({ picture, receipt }));
  });
  return perPicture.flat().slice(0, texts);
}

async function replayAll(url: string, captioned: readonly Captioned[]): Promise<ReplayJson[]> {
  return await inParallel(captioned, async ({ picture, receipt }) => {
    const reply = await post(url, '/v1/receipts/replay', { receipt, ...media(picture) });
    return reply as ReplayJson;
  });
}

/** Asks for other texts all the time, until the work is done. */
async function loadWhile<T>(
  url: string,
  captioned: readonly Captioned[],
  use: () => Promise<T>,
): Promise<T> {
  const state = { isOver: false };
  const load = (async () => {
    for (let index = 0; !state.isOver; index += 1) {
      const { picture } = captioned[index % captioned.length] ?? {};
      if (!picture) return;
      const languages = ['fi', 'pl', 'es', 'bg'].slice(0, 1 + (index % 4));
      await post(url, '/v1/captions', { languages, ...media(picture) });
    }
  })();
  try {
    return await use();
  } finally {
    state.isOver = true;
    await load;
  }
}

/** Maps items in order, CLIENTS at a time. */
async function inParallel<T, R>(
  items: readonly T[],
  map: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const entries = items.entries();
  const run = async () => {
    for (const [index, item] of entries) results[index] = await map(item, index);
  };
  await Promise.all(Array.from({ length: CLIENTS }, run));
  return results;
}

function media(picture: Uint8Array): object {
  return { media: { base64: Buffer.from(picture).toString('base64') } };
}

async function post(url: string, path: string, body: object): Promise<unknown> {
  const headers = { 'Content-Type': 'application/json' };
  const reply = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
  return await reply.json();
}

/** @returns whether all texts are equal and all signatures valid. */
function report(when: string, replays: readonly ReplayJson[]): boolean {
  const equal = replays.filter(({ outcome }) => outcome === 'equal').length;
  const valid = replays.filter(({ signature }) => signature === 'valid').length;
  console.log(
    `${when}: ${equal} of ${replays.length} texts equal, ${valid} of ${replays.length} signatures valid`,
  );
  return equal === replays.length && valid === replays.length;
}
