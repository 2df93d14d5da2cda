import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { captionConversation, questionConversation } from '../../../src/engine/conversations.js';
import { createWorkerEngine } from '../../../src/workers/worker-engine.js';
import { resolveSettings } from '../../../src/engine/resolve-settings.js';
import type { Conversation, EngineRequest } from '../../../src/engine/vision-language-engine.js';
import { resolveLanguage } from '../../../src/language/languages.js';
import { modelPath } from '../models/bench-home.js';
import { createImage } from './create-image.js';
import { type Figures, type Job, modelsOf } from './job.js';
import { elapsedMs, measureMs } from './timing.js';

type EngineJob = Exclude<Job, { kind: 'limits' | 'tiles' | 'text' | 'archive' }>;
type Ask = (
  picture: Uint8Array,
  conversations: readonly Conversation[],
  more?: Partial<Pick<EngineRequest, 'client' | 'detail'>> & { readonly maxTokens?: number },
) => AsyncIterable<unknown>;

const WORKER = pathToFileURL(
  join(import.meta.dirname, '../../../dist/workers/inference.worker.js'),
);
const ENGLISH = resolveLanguage('en');
export const BENCH_LANGUAGES = ['en', 'es', 'ca', 'fr', 'de', 'it', 'pt', 'nl'];
const ANSWER_TOKENS = 32;
/** The active answer is long enough for the others to arrive, prefill and start decoding. */
const RUNNING_TOKENS = 96;
const DEMO_RUNS = 7;
const CAPTION_TOKENS = 40;
/** The median of them is the figure. */
const CAPTION_RUNS = 3;

/** Sends requests through the engine and its worker process, like the service. */
export async function measureEngine(
  job: EngineJob,
  home: string,
  threads: number,
): Promise<Figures> {
  const [model] = modelsOf(job);
  const directory = modelPath(home, model!);
  const keepsNothing = job.kind === 'languages' && job.how === 'one by one, nothing kept';
  const engine = createWorkerEngine({
    entry: WORKER,
    configuration: {
      ...{ home: directory, model: directory, precision: 'mixed', threads },
      ...(keepsNothing && { cacheBytes: 0 }),
    },
    requestTimeoutMs: 600_000,
  });
  try {
    const { generation } = await engine.describe();
    const ask: Ask = (picture, conversations, { maxTokens = ANSWER_TOKENS, ...more } = {}) =>
      engine.generate({
        media: [{ kind: 'image', bytes: picture }],
        detail: 'low',
        conversations,
        settings: resolveSettings(
          { maxTokens, temperature: 0, repetitionPenalty: 1, topLogprobs: 0 },
          generation,
        ),
        ...more,
      });
    // The first run reads the weights from disk.
    await drain(ask(await createImage(0), [caption('en')], { maxTokens: 4 }));
    const figures = await measure(job, ask);
    return { ...figures, peakBytes: workerPeakBytes() };
  } finally {
    await engine.close();
  }
}

async function measure(job: EngineJob, ask: Ask): Promise<Figures> {
  switch (job.kind) {
    case 'second question':
      return measureSecondQuestion(job.detail, ask);
    case 'languages':
      return measureLanguages(job, ask);
    case 'clients':
      return measureClients(job.clients, ask);
    case 'demo picture': {
      const { detail } = job;
      // A different image each time, so that the feature cache has no hit.
      const pictures = await Promise.all(
        Array.from({ length: DEMO_RUNS + 1 }, (_, index) => createImage(index + 1)),
      );
      const firstTextMs = await measureMs(DEMO_RUNS, async () => {
        await drain(ask(pictures.shift()!, [caption('en')], { detail, maxTokens: 8 }), isText);
      });
      return { firstTextMs };
    }
    case 'captioned picture': {
      const pictures = await Promise.all(
        Array.from({ length: CAPTION_RUNS + 1 }, (_, index) => createImage(index + 1)),
      );
      const more = { detail: 'auto', maxTokens: CAPTION_TOKENS } as const;
      const totalMs = await measureMs(CAPTION_RUNS, () =>
        drain(ask(pictures.shift()!, [caption('en')], more)),
      );
      return { totalMs };
    }
  }
}

/** Measures the time to the first token of two questions about one image. */
async function measureSecondQuestion(detail: 'low' | 'high', ask: Ask): Promise<Figures> {
  const picture = await createImage(1);
  const question = (text: string) => [questionConversation(text, ENGLISH)];
  const time = (text: string) =>
    elapsedMs(() => drain(ask(picture, question(text), { detail, maxTokens: 1 })));
  const firstMs = await time('What is in the middle of this picture?');
  const secondMs = await time('How many people are there, and what do they wear?');
  return { firstMs, secondMs };
}

async function measureLanguages(
  { count, how }: Extract<Job, { kind: 'languages' }>,
  ask: Ask,
): Promise<Figures> {
  const picture = await createImage(1);
  const captions = BENCH_LANGUAGES.slice(0, count).map(caption);
  const totalMs = await elapsedMs(async () => {
    if (how === 'one request') await drain(ask(picture, captions));
    else for (const each of captions) await drain(ask(picture, [each]));
  });
  return { totalMs };
}

/** One answer is being decoded when the other clients arrive, each with a different image. */
async function measureClients(clients: number, ask: Ask): Promise<Figures> {
  const pictures = await Promise.all(
    Array.from({ length: clients }, (_, index) => createImage(index + 1)),
  );
  const gaps: number[] = [];
  let others: Promise<unknown> | undefined;
  const answer = async (client: number): Promise<void> => {
    let beforeMs: number | undefined;
    const more = { client: `client ${client}`, maxTokens: RUNNING_TOKENS };
    for await (const event of ask(pictures[client]!, [caption('en')], more)) {
      if (!isText(event)) continue;
      const nowMs = performance.now();
      if (beforeMs !== undefined) gaps.push(nowMs - beforeMs);
      beforeMs = nowMs;
      if (client === 0) others ??= Promise.all(indices(clients).slice(1).map(answer));
    }
  };
  await answer(0);
  await others;
  return { longestGapMs: Math.max(...gaps), gaps: gaps.length };
}

function caption(tag: string): Conversation {
  return captionConversation('caption', resolveLanguage(tag));
}

/** Consumes events up to the first of a type, or to the end. */
async function drain(
  events: AsyncIterable<unknown>,
  isLast: (event: unknown) => boolean = () => false,
): Promise<void> {
  for await (const event of events) if (isLast(event)) return;
}

function isText(event: unknown): boolean {
  return (event as { readonly type: string }).type === 'text-delta';
}

/** Peak memory of all child processes, from /proc. 0 on systems without /proc. */
export function workerPeakBytes(): number {
  try {
    const children = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(readStatus)
      .filter((status) => field(status, 'PPid') === process.pid);
    return Math.max(0, ...children.map((status) => field(status, 'VmHWM') * 1_024));
  } catch {
    return 0;
  }
}

function readStatus(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It has ended since it was listed.
    return '';
  }
}

function field(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
}

function indices(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
