import type { Sequence } from '../../decoder/decoder.js';
import { toCacheKeyedPrompt } from '../../engine/cache-keyed-prompt.js';
import type { PipelineModel, VisionModel } from '../../engine/loaded-model.js';
import { prefillTo } from '../../engine/prefill.js';
import { runImmediately } from '../../engine/scheduling/scheduler.js';
import { createTensor, type FloatTensor } from '../../tensor/tensor.js';
import { encodeTiles } from '../../vision/encode-tiles.js';
import { planTiles } from '../../vision/plan-tiles.js';
import { tileImage } from '../../vision/tile-image.js';
import { type Disturbance, watchOtherPrograms } from './disturbance.js';
import { type RepeatPolicy, timeRepeatedly } from './repeat-timing.js';
import { type Curve, fitCurve, fitLine, type SpeedModel, type Timing } from './speed-model.js';

type SpeedModelParts = Pick<PipelineModel, 'decoder' | 'tokenEmbeddings' | 'vision' | 'manifest'>;

interface DecoderParts extends Pick<SpeedModelParts, 'decoder' | 'tokenEmbeddings'> {
  readonly stopwatch: Stopwatch;
  readonly evictCaches: () => void;
}

/** A measured speed model. */
export interface MeasuredSpeed {
  readonly speed: SpeedModel;
  /** Tokens of the longest prompt that was measured. */
  readonly longestPrompt: number;
  readonly disturbance: Disturbance;
}

/**
 * `cold` empties the caches of the processor before each decode step: the weights of a small model fit them, those of a
 * large one do not.
 */
export type ProcessorCaches = 'warm' | 'cold';

const SHORT_PROMPT = 32;
const PROMPT = 256;
const LONG_PROMPT = 1024;
/** If the long prompt would take longer, half of it is measured. */
const MAX_LONG_PROMPT_MS = 30_000;

/** Decode steps after each prompt; more while the times differ. */
const STEPS = { usual: { calls: 8, ms: Infinity }, most: { calls: 24, ms: 4_000 } } as const;
/** Batch size that measures the cost of further sequences in a decode step. */
const BATCH = 4;

/** Image sides in units of 4 x 3 pixels: two sizes separate the fixed cost from the cost per pixel. */
const IMAGE_SIDES = [100, 400];
/** Two tile counts separate the fixed cost from the cost per tile. */
const TILE_COUNTS = [1, 3];
/** Runs of a graph. Short ones are repeated, because a moment of other load distorts them most. */
const RUNS = { usual: { calls: 5, ms: 2_000 }, most: { calls: 12, ms: 6_000 } } as const;
/** Twice the last-level cache of large processors. */
const EVICTION_BYTES = 512 << 20;
const CACHE_LINE_BYTES = 64;

/**
 * Times tiling, the vision encoder, prefill and decode steps with the engine's own functions on random features,
 * because the speed does not depend on the values. Each figure is the best of several, which other programs disturb
 * least.
 *
 * @param onProgress receives the name of the next measurement.
 */
export async function measureSpeed(
  { decoder, tokenEmbeddings, vision, manifest }: SpeedModelParts,
  onProgress: (step: string) => void,
  caches: ProcessorCaches = 'warm',
): Promise<MeasuredSpeed> {
  const { hiddenSize } = manifest.decoder;
  const stopwatch = createStopwatch();
  const parts = { decoder, tokenEmbeddings, stopwatch, evictCaches: createEviction(caches) };
  const room = decoder.maxPositions - STEPS.most.calls;
  const watch = watchOtherPrograms();
  // Three different lengths, even if the context window is short.
  const shortest = Math.min(SHORT_PROMPT, Math.ceil(room / 4));
  const between = Math.min(PROMPT, Math.ceil(room / 2));

  onProgress('first run');
  // Loads the weights from the disk, which would otherwise count with the first measurement.
  const warm = decoder.createSequence();
  await prefillNoise(parts, warm, noise([shortest, hiddenSize]));
  await decoder.step([{ sequence: warm, id: 0 }]);
  decoder.close(warm);

  onProgress('tiles');
  const visionSpeed = vision && {
    tiling: await measureTiling(vision, decoder.maxPositions, stopwatch),
    encoding: await measureEncoding(vision, stopwatch),
  };
  const short = await measurePrompt(parts, shortest, hiddenSize, onProgress);
  const middle = await measurePrompt(parts, between, hiddenSize, onProgress);
  onProgress(`decode step of ${BATCH} sequences`);
  const batchMs = await measureBatch(parts, between, hiddenSize);
  const isSlow = (middle.prompt.ms * LONG_PROMPT) / between > MAX_LONG_PROMPT_MS;
  const longest = Math.min(isSlow ? LONG_PROMPT / 2 : LONG_PROMPT, room);
  const long = await measurePrompt(parts, longest, hiddenSize, onProgress);
  return {
    speed: {
      vision: visionSpeed,
      prefill: fitCurve([short.prompt, middle.prompt, long.prompt]),
      step: fitLine(short.step, long.step),
      extraSequenceShare: Math.max(0, (batchMs / middle.step.ms - 1) / (BATCH - 1)),
    },
    longestPrompt: longest,
    disturbance: { slowdown: stopwatch.slowdown(), otherCores: watch.otherCores() },
  };
}

/** Times calls, and remembers the largest slowdown of all. */
interface Stopwatch {
  readonly bestMs: (
    call: () => Promise<unknown>,
    policy: RepeatPolicy,
    prepare?: () => void,
  ) => Promise<number>;
  readonly slowdown: () => number;
}

function createStopwatch(): Stopwatch {
  let largest = 1;
  return {
    async bestMs(call, policy, prepare) {
      const { ms, slowdown } = await timeRepeatedly(call, policy, prepare);
      largest = Math.max(largest, slowdown);
      return ms;
    },
    slowdown: () => largest,
  };
}

function createEviction(caches: ProcessorCaches): () => void {
  if (caches === 'warm') return () => undefined;
  const lines = new Uint8Array(EVICTION_BYTES);
  return () => {
    for (let at = 0; at < lines.length; at += CACHE_LINE_BYTES) lines[at] = (lines[at] ?? 0) + 1;
  };
}

async function measureTiling(
  { geometry }: VisionModel,
  maxTokens: number,
  { bestMs }: Stopwatch,
): Promise<Curve> {
  const timings: Timing[] = [];
  for (const side of IMAGE_SIDES) {
    const image = { width: 4 * side, height: 3 * side, data: new Uint8Array(36 * side * side) };
    const plan = planTiles(image, geometry, 'auto', maxTokens);
    const ms = await bestMs(() => Promise.resolve(tileImage(image, plan, geometry)), RUNS);
    timings.push({ count: (image.width * image.height) / 1e6, ms });
  }
  const [small, large] = timings as [Timing, Timing];
  return fitLine(small, large);
}

async function measureEncoding(
  { graph, geometry }: VisionModel,
  { bestMs }: Stopwatch,
): Promise<Curve> {
  const { width, height } = geometry.imageProcessor.tileSize;
  const timings: Timing[] = [];
  for (const count of TILE_COUNTS) {
    const pixelValues = noise([count, 3, height, width]);
    timings.push({ count, ms: await bestMs(() => encodeTiles(graph, pixelValues), RUNS) });
  }
  const [one, many] = timings as [Timing, Timing];
  return fitLine(one, many);
}

/** Prefill of a prompt, and the decode steps after it. */
async function measurePrompt(
  parts: DecoderParts,
  count: number,
  hiddenSize: number,
  onProgress: (step: string) => void,
): Promise<{ readonly prompt: Timing; readonly step: Timing }> {
  const { decoder, stopwatch } = parts;
  onProgress(`prefill of ${count} tokens`);
  const features = noise([count, hiddenSize]);
  let sequence = decoder.createSequence();
  const promptMs = await stopwatch.bestMs(async () => {
    decoder.close(sequence);
    sequence = decoder.createSequence();
    await prefillNoise(parts, sequence, features);
  }, RUNS);
  onProgress(`decode after ${count} tokens`);
  const stepMs = await measureSteps(parts, [sequence]);
  decoder.close(sequence);
  return { prompt: { count, ms: promptMs }, step: { count, ms: stepMs } };
}

/** Milliseconds of a decode step of several sequences with a shared prefix. */
async function measureBatch(parts: DecoderParts, count: number, hiddenSize: number) {
  const { decoder } = parts;
  const first = decoder.createSequence();
  await prefillNoise(parts, first, noise([count, hiddenSize]));
  const prefix = decoder.snapshotPrefix(first, count);
  decoder.close(first);
  const sequences = Array.from({ length: BATCH }, () => decoder.createSequence(prefix));
  const stepMs = await measureSteps(parts, sequences);
  for (const sequence of sequences) decoder.close(sequence);
  return stepMs;
}

async function measureSteps(
  { decoder, stopwatch, evictCaches }: DecoderParts,
  sequences: readonly Sequence[],
): Promise<number> {
  let id = 0;
  const step = () => {
    const tokens = sequences.map((sequence) => ({ sequence, id }));
    id += 1;
    return decoder.step(tokens);
  };
  return await stopwatch.bestMs(step, STEPS, evictCaches);
}

/** Prefills a prompt of features alone, `[count, hidden]`, with the engine's chunked prefill. */
async function prefillNoise(parts: DecoderParts, sequence: Sequence, features: FloatTensor) {
  const media = { key: 'noise', visualTokens: features.shape[0] ?? 0 };
  const prompt = toCacheKeyedPrompt([{ kind: 'image', index: 0 }], { image: [media], video: [] });
  const context = { ...parts, features: new Map([[media.key, features]]) };
  await prefillTo(prompt.length, { sequence, prompt }, context, runImmediately);
}

/** Pseudo-random values from -1 to 1, the same on every call (Lehmer generator). */
function noise(shape: readonly number[]): FloatTensor {
  const tensor = createTensor(shape);
  let state = 1;
  for (let i = 0; i < tensor.data.length; i++) {
    state = (state * 48_271) % 0x7fff_ffff;
    tensor.data[i] = state / 0x4000_0000 - 1;
  }
  return tensor;
}
