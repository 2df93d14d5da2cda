import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { DEFAULT_IMAGE_PIXELS } from '../../../src/config/limits.js';
import type { VisionLanguageEngine } from '../../../src/engine/vision-language-engine.js';
import { createJob, getJob } from '../../../src/jobs/jobs.js';
import { openJobDatabase } from '../../../src/jobs/database/open-database.js';
import { workOnJobs } from '../../../src/jobs/work-on-jobs.js';
import { createWorkerEngine } from '../../../src/workers/worker-engine.js';
import { decoderOf } from '../models/bench-shapes.js';
import { modelPath } from '../models/bench-home.js';
import { createImage } from './create-image.js';
import { type ArchiveJob, type Figures, servicePackage } from './job.js';
import { BENCH_LANGUAGES, workerPeakBytes } from './measure-engine.js';
import { openLlama } from './measure-llama.js';
import { elapsedMs, promptIds } from './timing.js';

const DIST = join(import.meta.dirname, '../../../dist/workers');
const module = (name: string) => pathToFileURL(join(DIST, name));
const HOUR_MS = 3_600_000;

/** Tokens of each text. */
const TEXT_TOKENS = 40;
/** A picture of one tile with its chat template: 27 x 27 patches, and the words before them. */
const SHARED_TOKENS = 750;
/** The instruction in one language. */
const OWN_TOKENS = 20;

/** A job over a folder of pictures, captioned by the loop of a worker, on a database of its own. */
export async function measureArchive(
  job: ArchiveJob,
  home: string,
  threads: number,
): Promise<Figures> {
  const directory = modelPath(home, servicePackage(job.shape));
  const folder = await mkdtemp(join(tmpdir(), 'salamandra-bench-'));
  const engine = createWorkerEngine({
    entry: module('inference.worker.js'),
    configuration: { home: directory, model: directory, precision: 'mixed', threads },
    requestTimeoutMs: 600_000,
  });
  const database = await openJobDatabase({ kind: 'sqlite', path: join(folder, 'jobs.db') });
  try {
    const model = await engine.describe();
    const caption = async (name: string, pictures: number, firstSeed: number): Promise<void> => {
      const path = join(folder, name);
      await writePictures(path, pictures, firstSeed);
      const { id } = await createJob(database, archiveRequest(name, path, job));
      const configuration = {
        home: folder,
        mediaUrls: 'off',
        imagePixels: DEFAULT_IMAGE_PIXELS,
        model: model.id,
      } as const;
      const work = { database, jobId: id, configuration, parallel: job.parallel };
      const mediaWorker = module('media.worker.js');
      await workOnJobs(
        { ...work, engine: withTextLength(engine), model, mediaWorker },
        new AbortController().signal,
      );
      const { counts } = await getJob(database, id);
      if (counts.done !== pictures) throw new Error(`${counts.done} of ${pictures} pictures done`);
    };
    // The first pictures read the weights from disk.
    await caption('warm-up', 1, 0);
    const ms = await elapsedMs(() => caption('archive', job.pictures, 1));
    return { picturesPerHour: (job.pictures * HOUR_MS) / ms, peakBytes: workerPeakBytes() };
  } finally {
    await engine.close();
    await database.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function writePictures(path: string, count: number, firstSeed: number): Promise<void> {
  await mkdir(path);
  for (let i = 0; i < count; i++) {
    await writeFile(join(path, `${i}.png`), await createImage(firstSeed + i));
  }
}

function archiveRequest(name: string, path: string, { languages }: ArchiveJob) {
  return {
    name,
    source: { kind: 'folder', path } as const,
    recipe: {
      languages: BENCH_LANGUAGES.slice(0, languages),
      kinds: ['caption'] as const,
      detail: 'low' as const,
      granularity: { kind: 'whole' } as const,
      sampling: { mode: 'uniform', frames: { count: 1 } } as const,
    },
    modelName: null,
  };
}

/** The same engine, whose texts have the length of the comparison. */
function withTextLength(engine: VisionLanguageEngine): VisionLanguageEngine {
  return {
    status: () => engine.status(),
    describe: () => engine.describe(),
    generate: (request, signal) =>
      engine.generate(
        { ...request, settings: { ...request.settings, maxTokens: TEXT_TOKENS } },
        signal,
      ),
    close: () => engine.close(),
  };
}

/**
 * The same tokens through node-llama-cpp, which batches its sequences at token level: each sequence takes the next
 * picture, reads its tokens once, and for every language the instruction and the text. Nothing is decoded or encoded.
 */
export async function measureLlamaArchive(
  job: ArchiveJob,
  home: string,
  threads: number,
): Promise<Figures> {
  const { shape, languages, parallel, pictures } = job;
  const { vocabulary } = decoderOf(shape);
  const sequences = await openLlama(shape, home, {
    ...{ threads, sequences: parallel, flashAttention: true },
    contextSize: SHARED_TOKENS + OWN_TOKENS + TEXT_TOKENS + 8,
  });
  let next = 0;
  const ms = await elapsedMs(() =>
    Promise.all(
      sequences.map(async (sequence) => {
        while (next < pictures) {
          const picture = next++;
          await sequence.clearHistory();
          await sequence.evaluateWithoutGeneratingNewTokens(
            promptIds(SHARED_TOKENS, vocabulary, picture),
          );
          for (let language = 0; language < languages; language++) {
            const end = sequence.nextTokenIndex;
            if (end > SHARED_TOKENS) {
              await sequence.eraseContextTokenRanges([{ start: SHARED_TOKENS, end }]);
            }
            const instruction = promptIds(OWN_TOKENS, vocabulary, 1_000 + language);
            const text = sequence.evaluate(instruction, { temperature: 0, yieldEogToken: true });
            for (let token = 0; token < TEXT_TOKENS; token++) await text.next();
            await text.return?.();
          }
        }
      }),
    ),
  );
  return { picturesPerHour: (pictures * HOUR_MS) / ms };
}
