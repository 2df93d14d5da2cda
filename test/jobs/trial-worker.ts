/**
 * A worker process of the trials: the product's job worker with an engine of fixed delay. Files are checked and decoded
 * as the product does it, so that a damaged one fails with its code. The options come as JSON in the first argument.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import type { EngineEvent, VisionLanguageEngine } from '../../src/engine/vision-language-engine.js';
import { createCaptioner, type ProcessItem } from '../../src/jobs/caption-item.js';
import type { Claim } from '../../src/jobs/claims.js';
import { type DatabaseLocation, openJobDatabase } from '../../src/jobs/database/open-database.js';
import { createLister, createProcess } from '../../src/jobs/job-kinds.js';
import { runJobWorker } from '../../src/jobs/job-worker.js';
import { openSourceItem } from '../../src/jobs/sources/open-item.js';
import { decodeImage } from '../../src/media/decode-image.js';
import { findFfmpeg } from '../../src/media/find-ffmpeg.js';
import { probeVideo } from '../../src/media/probe-video.js';
import { FAKE_MODEL } from '../fakes/fake-engine.js';
import { MODEL, outcomeOf } from './job-fixture.js';

export interface TrialWorkerOptions {
  readonly location: DatabaseLocation;
  /** Of the engine, per item. */
  readonly delayMs: number;
  readonly parallel: number;
  readonly leaseMs?: number;
  readonly jobId?: string;
  /** Workers of this process. */
  readonly workers?: number;
  /** Whether the items are files that are read. */
  readonly readsFiles: boolean;
  /** Lists only: claims no item. */
  readonly listsOnly?: boolean;
  /** A line per stored result: item id and text, tab-separated. */
  readonly acknowledgements?: string;
  readonly temporaryFolder: string;
}

const options = JSON.parse(process.argv[2] ?? '{}') as TrialWorkerOptions;
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
process.on('SIGINT', () => stop.abort());
// The trial that started this process was killed.
process.on('disconnect', () => stop.abort());

const database = await openJobDatabase(options.location);
const processItem = options.readsFiles ? createFileProcess() : createDelayProcess(options.delayMs);
let hasBegun = false;
const access = { policy: null, roots: null };
const worker = {
  database,
  model: options.readsFiles ? FAKE_MODEL : MODEL,
  modelName: MODEL.id,
  listSource: createLister(),
  listing: access,
  process: (claim: Claim, signal: AbortSignal) => {
    if (!hasBegun && process.connected) process.send?.('working');
    hasBegun = true;
    return processItem(claim, signal);
  },
  parallel: options.listsOnly ? 0 : options.parallel,
  ...(options.leaseMs !== undefined && { leaseMs: options.leaseMs }),
  jobId: options.jobId,
  onNote: (line: string) => process.stderr.write(`${line}\n`),
  onItem: acknowledge,
};
await Promise.all(
  Array.from({ length: options.workers ?? 1 }, () => runJobWorker(worker, stop.signal)),
);
const { user, system } = process.cpuUsage();
// maxRSS: kibibytes.
const usage = { cpuMs: (user + system) / 1_000, peakMb: process.resourceUsage().maxRSS / 1_024 };
if (process.connected) process.send?.(usage);
await database.close();
if (process.connected) process.disconnect();

function acknowledge({ id }: { readonly id: number }, result: object): void {
  if (options.acknowledgements === undefined || !('texts' in result)) return;
  const { texts } = result as { readonly texts: readonly { readonly text: string }[] };
  // After the transaction: from here on, the result must never be missing.
  appendFileSync(options.acknowledgements, `${id}\t${texts.map(({ text }) => text).join(' ')}\n`);
}

function createDelayProcess(delayMs: number): ProcessItem {
  return async (claim) => {
    if (delayMs > 0) await setTimeout(delayMs);
    return outcomeOf(claim);
  };
}

function createFileProcess(): ProcessItem {
  const { temporaryFolder } = options;
  const caption = createCaptioner({
    engine: createEngine(options.delayMs),
    database,
    inspector: {
      inspectImage: unused,
      inspect: unused,
      detectShots: unused,
      drawThumbnail: unused,
      close: () => Promise.resolve(),
    },
    openItem: (location, signal) =>
      openSourceItem(location, {
        ...access,
        uploadFolder: temporaryFolder,
        temporaryFolder: () => Promise.resolve(temporaryFolder),
        signal,
      }),
  });
  return createProcess(caption);
}

function unused(): never {
  throw new Error('The trial captions videos as a whole.');
}

const USAGE = { promptTokens: 1, imageTokens: 1, cachedTokens: 0, completionTokens: 1 };
const TIMINGS = { prefillMs: 0, decodeMs: 0, firstTokenMs: 0 };
const NO_TIME = { queueMs: 0, mediaDecodeMs: 0, tileMs: 0, encodeMs: 0, totalMs: 0 };

/** Decodes each file and waits. Its texts differ from process to process, so that a doubled result shows. */
function createEngine(delayMs: number): VisionLanguageEngine {
  return {
    status: () => ({ state: 'ready', model: FAKE_MODEL }),
    describe: () => Promise.resolve(FAKE_MODEL),
    close: () => Promise.resolve(),
    async *generate({ media: [media], conversations }): AsyncGenerator<EngineEvent> {
      if (!media) throw new Error('A request of the trial has one file.');
      if (media.kind === 'image') await decodeImage(media, {});
      else await probeVideo(await findFfmpeg(process.env), media.path);
      await setTimeout(delayMs);
      const report = { kind: 'image', width: 1, height: 1, tiles: 1, grid: null } as const;
      const page = { page: 1, pages: 1 };
      yield {
        type: 'media',
        media: [{ ...report, ...page, visualTokens: 1, blank: false, sha256: '' }],
      };
      for (const conversation of conversations.keys()) {
        const text = `${media.kind} by ${process.pid} at ${Date.now()}`;
        const answer = { conversation, text, usage: USAGE, timings: TIMINGS } as const;
        yield { type: 'answer', ...answer, finishReason: 'stop', stopReason: null };
      }
      yield { type: 'done', timings: { ...NO_TIME, ...TIMINGS } };
    },
  };
}
