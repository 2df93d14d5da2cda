import { type BenchShape, decoderOf } from '../models/bench-shapes.js';
import { modelPath } from '../models/bench-home.js';
import { ggufBytesPerToken } from '../peers/llama-gguf.js';
import { importPeer } from '../peers/load-peer.js';
import type { Figures, Job } from './job.js';
import { elapsedMs, promptIds } from './timing.js';

type TextJob = Extract<Job, { kind: 'text' }>;

/** The used part of the API of node-llama-cpp. */
interface LlamaPackage {
  getLlama(options: object): Promise<{
    loadModel(options: { modelPath: string }): Promise<{
      createContext(options: object): Promise<{ getSequence(): LlamaSequence }>;
    }>;
  }>;
  readonly LlamaLogLevel: { readonly error: string };
}

interface LlamaSequence {
  readonly nextTokenIndex: number;
  evaluateWithoutGeneratingNewTokens(tokens: readonly number[]): Promise<void>;
  /** `end` is exclusive. */
  eraseContextTokenRanges(
    ranges: readonly { readonly start: number; readonly end: number }[],
  ): Promise<void>;
  evaluate(tokens: readonly number[], options: object): AsyncIterator<number>;
  clearHistory(): Promise<void>;
}

const WARM_UP_TOKENS = 32;
/** The default of node-llama-cpp. */
const BATCH = 512;
const FLOAT16_BYTES = 2;

interface LlamaOptions {
  readonly threads: number;
  readonly sequences: number;
  /** Positions of a sequence. */
  readonly contextSize: number;
  readonly flashAttention: boolean;
}

/** Sequences of one context of node-llama-cpp on the CPU, warmed up. */
export async function openLlama(
  shape: BenchShape,
  home: string,
  { threads, sequences: count, contextSize, flashAttention }: LlamaOptions,
): Promise<readonly LlamaSequence[]> {
  const { getLlama, LlamaLogLevel } = await importPeer<LlamaPackage>('node-llama-cpp');
  const llama = await getLlama({
    ...{ gpu: false, build: 'never', skipDownload: true, maxThreads: threads },
    logLevel: LlamaLogLevel.error,
  });
  const model = await llama.loadModel({ modelPath: modelPath(home, { format: 'gguf', shape }) });
  const context = await model.createContext({
    ...{ contextSize, batchSize: BATCH, sequences: count, threads, flashAttention },
  });
  const sequences = Array.from({ length: count }, () => context.getSequence());
  const [first] = sequences as [LlamaSequence, ...LlamaSequence[]];
  const warmUp = promptIds(WARM_UP_TOKENS, decoderOf(shape).vocabulary, 99);
  await first.evaluateWithoutGeneratingNewTokens(warmUp);
  await first.clearHistory();
  return sequences;
}

/** Measures node-llama-cpp on the CPU: greedy, the same prompts, several sequences with its own batching. */
export async function measureLlama(job: TextJob, home: string, threads: number): Promise<Figures> {
  const { promptTokens, steps, sequences: count, shape } = job;
  const { decoder, vocabulary } = decoderOf(shape);
  const sequences = await openLlama(shape, home, {
    ...{ threads, sequences: count, flashAttention: job.flashAttention === true },
    contextSize: promptTokens + steps + WARM_UP_TOKENS,
  });

  const prefillMs = await elapsedMs(async () => {
    for (const [index, sequence] of sequences.entries()) {
      await sequence.evaluateWithoutGeneratingNewTokens(promptIds(promptTokens, vocabulary, index));
    }
  });
  const answers = sequences.map((sequence, index) =>
    sequence.evaluate([500 + index], { temperature: 0, yieldEogToken: true }),
  );
  const step = () => Promise.all(answers.map((answer) => answer.next()));
  await step();
  const decodeMs = await elapsedMs(async () => {
    for (let i = 0; i < steps; i++) await step();
  });
  const cacheBytes = 2 * decoder.layers * decoder.keyValueHeads * decoder.headDim * FLOAT16_BYTES;
  return {
    prefillTps: (count * promptTokens * 1e3) / prefillMs,
    decodeTps: (count * steps * 1e3) / decodeMs,
    weightBytesPerStep: ggufBytesPerToken(decoder, vocabulary),
    cacheBytesPerStep: count * promptTokens * cacheBytes,
  };
}
