import type { Decoder, Sequence } from '../../decoder/decoder.js';
import { readRest } from '../../decoder/read-rest.js';
import type { PipelineModel } from '../../engine/loaded-model.js';
import { createTensor, type FloatTensor } from '../../tensor/tensor.js';
import { encodeTiles } from '../../vision/encode-tiles.js';
import { planTiles } from '../../vision/plan-tiles.js';
import { tileImage } from '../../vision/tile-image.js';
import { type Curve, fitCurve, fitLine, type SpeedModel, type Timing } from './speed-model.js';

type SpeedParts = Pick<PipelineModel, 'decoder' | 'vision' | 'manifest'>;
type Vision = NonNullable<SpeedParts['vision']>;

/** What was measured, and the prompt that filled the cache most. */
export interface MeasuredSpeed {
  readonly speed: SpeedModel;
  readonly longestPrompt: number;
}

const SHORT_PROMPT = 32;
const PROMPT = 256;
const LONG_PROMPT = 1024;
/** A machine that would take longer for the long prompt reads one of half its length. */
const MAX_LONG_PROMPT_MS = 30_000;

const DECODE_STEPS = 8;
/** Answers that are written together, to tell what a further one adds. */
const TOGETHER = 4;

/** Quick work is repeated, since a moment of other work would change it most. */
const CUT_SIDES = [100, 400];
/** Tiles that are encoded, to tell what a tile costs from what all of them cost. */
const TILE_COUNTS = [1, 3];
const REPETITIONS = 5;
const MAX_REPEATED_MS = 2_000;

/**
 * Times the vision graph, prompts and single steps on noise: what the values are makes no difference to the work.
 *
 * @param onProgress told what comes next.
 */
export async function measureSpeed(
  { decoder, vision, manifest }: SpeedParts,
  onProgress: (step: string) => void,
): Promise<MeasuredSpeed> {
  const { hiddenSize } = manifest.decoder;
  const room = decoder.maxPositions - DECODE_STEPS;
  // Three lengths that differ, also where a context is short.
  const shortest = Math.min(SHORT_PROMPT, Math.ceil(room / 4));
  const between = Math.min(PROMPT, Math.ceil(room / 2));

  onProgress('first run');
  // Weights come from the disk now, and would count with whatever is timed first.
  const warm = decoder.createSequence();
  await readAndScore(decoder, warm, noise([shortest, hiddenSize]));
  await decoder.step([{ sequence: warm, id: 0 }]);
  decoder.close(warm);

  onProgress('tiles');
  const sight = vision && {
    tiling: await measureCutting(vision, decoder.maxPositions),
    encoding: await measureEncoding(vision),
  };
  const short = await measurePrompt(decoder, shortest, hiddenSize, onProgress);
  const middle = await measurePrompt(decoder, between, hiddenSize, onProgress);
  onProgress(`${TOGETHER} answers at once`);
  const togetherMs = await measureTogether(decoder, between, hiddenSize);
  const isSlow = (middle.prompt.ms * LONG_PROMPT) / between > MAX_LONG_PROMPT_MS;
  const longest = Math.min(isSlow ? LONG_PROMPT / 2 : LONG_PROMPT, room);
  const long = await measurePrompt(decoder, longest, hiddenSize, onProgress);
  return {
    speed: {
      vision: sight,
      prefill: fitCurve([short.prompt, middle.prompt, long.prompt]),
      step: fitLine(short.step, long.step),
      extraSequenceShare: Math.max(0, (togetherMs / middle.step.ms - 1) / (TOGETHER - 1)),
    },
    longestPrompt: longest,
  };
}

/** Pictures of four by three, small and large enough to tell a fixed cost from that of a pixel. */
async function measureCutting({ geometry }: Vision, maxTokens: number): Promise<Curve> {
  const timings: Timing[] = [];
  for (const side of CUT_SIDES) {
    const image = { width: 4 * side, height: 3 * side, data: new Uint8Array(36 * side * side) };
    const plan = planTiles(image, geometry, 'auto', maxTokens);
    const ms = await medianMs(() => Promise.resolve(tileImage(image, plan, geometry)));
    timings.push({ count: (image.width * image.height) / 1e6, ms });
  }
  const [small, large] = timings as [Timing, Timing];
  return fitLine(small, large);
}

async function measureEncoding({ graph, geometry }: Vision): Promise<Curve> {
  const { width, height } = geometry.imageProcessor.tileSize;
  const timings: Timing[] = [];
  for (const count of TILE_COUNTS) {
    const pixelValues = noise([count, 3, height, width]);
    timings.push({ count, ms: await medianMs(() => encodeTiles(graph, pixelValues)) });
  }
  const [one, many] = timings as [Timing, Timing];
  return fitLine(one, many);
}

/** A prompt, and the steps that follow it. */
async function measurePrompt(
  decoder: Decoder,
  count: number,
  hiddenSize: number,
  onProgress: (step: string) => void,
): Promise<{ readonly prompt: Timing; readonly step: Timing }> {
  onProgress(`prompt of ${count} tokens`);
  const embeddings = noise([count, hiddenSize]);
  let sequence = decoder.createSequence();
  const promptMs = await medianMs(async () => {
    decoder.close(sequence);
    sequence = decoder.createSequence();
    await readAndScore(decoder, sequence, embeddings);
  });
  onProgress(`answer after ${count} tokens`);
  const stepMs = await medianStepMs(decoder, [sequence]);
  decoder.close(sequence);
  return { prompt: { count, ms: promptMs }, step: { count, ms: stepMs } };
}

/** A step of several answers behind one beginning. */
async function measureTogether(decoder: Decoder, count: number, hiddenSize: number) {
  const first = decoder.createSequence();
  await readAndScore(decoder, first, noise([count, hiddenSize]));
  const beginning = decoder.snapshotPrefix(first, count);
  decoder.close(first);
  const sequences = Array.from({ length: TOGETHER }, () => decoder.createSequence(beginning));
  const stepMs = await medianStepMs(decoder, sequences);
  for (const sequence of sequences) decoder.close(sequence);
  return stepMs;
}

async function medianStepMs(decoder: Decoder, sequences: readonly Sequence[]): Promise<number> {
  const steps: number[] = [];
  for (let id = 0; id < DECODE_STEPS; id++) {
    const tokens = sequences.map((sequence) => ({ sequence, id }));
    steps.push(await elapsedMs(() => decoder.step(tokens)));
  }
  return median(steps);
}

async function readAndScore(decoder: Decoder, sequence: Sequence, embeddings: FloatTensor) {
  return await decoder.logits([await readRest(decoder, sequence, embeddings)]);
}

/** Values from -1 to 1 without a pattern; the same at every start. */
function noise(shape: readonly number[]): FloatTensor {
  const tensor = createTensor(shape);
  let state = 1;
  for (let i = 0; i < tensor.data.length; i++) {
    state = (state * 48_271) % 0x7fff_ffff;
    tensor.data[i] = state / 0x4000_0000 - 1;
  }
  return tensor;
}

async function medianMs(call: () => Promise<unknown>): Promise<number> {
  const durations: number[] = [];
  let total = 0;
  while (durations.length < REPETITIONS && total < MAX_REPEATED_MS) {
    const ms = await elapsedMs(call);
    durations.push(ms);
    total += ms;
  }
  return median(durations);
}

async function elapsedMs(call: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await call();
  return performance.now() - startMs;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle) - 1] ?? NaN)) / 2;
}
