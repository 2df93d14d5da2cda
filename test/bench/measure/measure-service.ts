import type { Decoder, Sequence } from '../../../src/decoder/decoder.js';
import { chunkLength } from '../../../src/decoder/prefill-chunks.js';
import { topLogits } from '../../../src/decoder/sampling/rank-logits.js';
import { toCacheKeyedPrompt } from '../../../src/engine/cache-keyed-prompt.js';
import { prefillTo } from '../../../src/engine/prefill.js';
import type { ScheduleRun } from '../../../src/engine/scheduling/scheduler.js';
import { PACKAGE_FILES } from '../../../src/models/package/manifest.js';
import { decoderOf } from '../models/bench-shapes.js';
import { modelPath } from '../models/bench-home.js';
import { type Figures, type Job, servicePackage } from './job.js';
import { openPackage } from './open-package.js';
import { elapsedMs, promptIds } from './timing.js';

type TextJob = Extract<Job, { kind: 'text' }>;

const WARM_UP_TOKENS = 32;

/** Prefill by the engine's own chunked prefill, then decode steps. */
export async function measureService(
  job: TextJob,
  home: string,
  threads: number,
): Promise<Figures> {
  const { promptTokens, steps, sequences: count, shape } = job;
  const directory = modelPath(home, servicePackage(shape));
  const { decoder, tokenEmbeddings, manifest } = await openPackage(directory, threads);
  const { vocabulary } = decoderOf(shape);
  const chunkMs: number[] = [];

  const read = async (sequence: Sequence, ids: readonly number[]): Promise<Float32Array> => {
    const prompt = toCacheKeyedPrompt([{ kind: 'text', ids }], { image: [], video: [] });
    const context = { decoder, tokenEmbeddings, features: new Map() };
    const timed: ScheduleRun = async (run) => {
      const startMs = performance.now();
      const result = await run(1);
      chunkMs.push(performance.now() - startMs);
      return result;
    };
    const logits = await prefillTo(prompt.length, { sequence, prompt }, context, timed);
    return logits!;
  };
  await warmUp(decoder, (sequence) => read(sequence, promptIds(WARM_UP_TOKENS, vocabulary, 99)));

  chunkMs.length = 0;
  const sequences = Array.from({ length: count }, () =>
    decoder.createSequence(undefined, promptTokens + steps + 1),
  );
  const ids: number[] = [];
  const prefillMs = await elapsedMs(async () => {
    for (const [index, sequence] of sequences.entries()) {
      ids.push(likeliest(await read(sequence, promptIds(promptTokens, vocabulary, index))));
    }
  });
  const step = async () => {
    const scores = await decoder.step(sequences.map((sequence, i) => ({ sequence, id: ids[i]! })));
    scores.forEach((row, index) => (ids[index] = likeliest(row)));
  };
  // The first step grows the cache for the answer.
  await step();
  const decodeMs = await elapsedMs(async () => {
    for (let i = 0; i < steps; i++) await step();
  });
  const { files } = manifest;
  const weights = [PACKAGE_FILES.decoder, PACKAGE_FILES.head]
    .map((graph) => files[`${graph}.data`]?.bytes ?? 0)
    .reduce((sum, bytes) => sum + bytes, 0);
  return {
    prefillTps: (count * promptTokens * 1e3) / prefillMs,
    decodeTps: (count * steps * 1e3) / decodeMs,
    firstChunkMs: chunkMs[0]!,
    chunkTokens: chunkLength(promptTokens, decoder.longestChunk),
    weightBytesPerStep: weights,
    cacheBytesPerStep: count * promptTokens * decoder.cacheBytesPerToken,
  };
}

async function warmUp(decoder: Decoder, read: (sequence: Sequence) => Promise<Float32Array>) {
  const sequence = decoder.createSequence();
  const scores = await read(sequence);
  await decoder.step([{ sequence, id: likeliest(scores) }]);
  decoder.close(sequence);
}

function likeliest(scores: Float32Array): number {
  return topLogits(scores, 1)[0]!;
}
