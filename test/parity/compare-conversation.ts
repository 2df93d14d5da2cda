import { createHash } from 'node:crypto';

import { rankStep } from '../../src/decoder/sampling/token-logprobs.js';
import { toCacheKeyedPrompt } from '../../src/engine/cache-keyed-prompt.js';
import { featureKeys, prepareMedia } from '../../src/engine/prepare-media.js';
import { encodeMedia } from '../../src/engine/encode-media.js';
import { runImmediately } from '../../src/engine/scheduling/scheduler.js';
import type { MediaDecoder } from '../../src/engine/media-decoder.js';
import type { PipelineModel } from '../../src/engine/loaded-model.js';
import { NO_CACHES } from '../../src/cache/engine-caches.js';
import { createArrivalHandles } from '../../src/engine/scheduling/queue-ticket.js';
import { createRequestRunner } from '../../src/engine/request-runner.js';
import { decodeAndTileImage } from '../../src/workers/media-tasks.js';
import type { EngineRequest, RequestMedia } from '../../src/engine/vision-language-engine.js';
import { buildPrompt, type PromptSegment } from '../../src/language/build-prompt.js';
import { decodeImage } from '../../src/media/decode-image.js';
import { encodeTiles } from '../../src/vision/encode-tiles.js';
import { normalizeTiles } from '../../src/vision/normalize-tiles.js';
import { resizeImage } from '../../src/vision/resize-image.js';
import { GREEDY } from '../fakes/generation.js';
import type { ChatModel } from '../tiny-model/converted-model.js';
import { type AnswerReport, compareAnswer, countEqual, isSameIds } from './compare-answer.js';
import { type Distance, measureDistance, measureSampled } from './measures.js';
import {
  type ConversationCase,
  mediaPath,
  type MediaReference,
  readMedia,
  type References,
} from './references.js';

export interface ConversationReport extends AnswerReport {
  readonly one: ConversationCase;
  readonly countsEqual: boolean;
  readonly idsEqual: boolean;
  /** Whether the tile bytes of all media are equal. */
  readonly tilesEqual: boolean;
  /** The largest difference of all media. Null without media. */
  readonly features: Distance | null;
  readonly embeddings: Distance | null;
  /** Log-probabilities of the top ids at the first step. */
  readonly logprobs: Distance;
  /** Whether the production pipeline generates the greedy ids up to the end token. */
  readonly pipelineEqual: boolean;
}

/** Runs a conversation through the production code and compares every stage. */
export async function compareConversation(
  model: ChatModel,
  references: Pick<References, 'read'>,
  one: ConversationCase,
): Promise<ConversationReport> {
  const parts = await toParts(model, one.media);
  const request = await toRequest(one);
  const context = { caches: NO_CACHES, handle: createArrivalHandles()() };
  const prepared = await prepareMedia(request, Infinity, parts, context);
  const schedule = runImmediately;
  const features = await encodeMedia(prepared, parts.vision, { ...context, schedule });
  const chunks = buildPrompt(one.messages, model.tokenizer);
  const prompt = toCacheKeyedPrompt(chunks, featureKeys(prepared));

  const media = [];
  for (const [index, reference] of one.media.entries()) {
    const { key, tiled } = prepared[index]!;
    const { tiles } = tiled!;
    const packed = features.get(key)!;
    const vision = model.vision!;
    const { imageProcessor, videoProcessor } = vision.geometry;
    const processor = reference.kind === 'image' ? imageProcessor : videoProcessor!;
    const pixelValues = normalizeTiles(tiles, processor);
    const encoded = await encodeTiles(vision.graph, pixelValues);
    media.push({
      countEqual: packed.shape[0] === reference.visualTokens && tiles.length === reference.tiles,
      tilesEqual: sha256(tiles) === reference.tilesSha256,
      features: measureSampled(encoded, reference.features, references.read(reference.features)),
      embeddings: measureSampled(
        packed,
        reference.embeddings,
        references.read(reference.embeddings),
      ),
    });
  }
  const answer = await compareAnswer(model, references, one, { prompt, features });
  const { top } = rankStep(answer.firstLogits, 0, one.topIds.length);
  return {
    one,
    countsEqual: media.every(({ countEqual }) => countEqual),
    idsEqual: isSameIds(expandIds(chunks, one, model), one),
    tilesEqual: media.every(({ tilesEqual }) => tilesEqual),
    features: worst(media.map((each) => each.features)),
    embeddings: worst(media.map((each) => each.embeddings)),
    logits: answer.logits,
    headLogits: answer.headLogits,
    greedyEqual: answer.greedyEqual,
    logprobs: measureDistance(
      top.map(({ logprob }) => logprob),
      one.topLogprobs,
    ),
    pipelineEqual: await isPipelineEqual(request, parts, one),
  };
}

/** The answer of the pipeline ends at the end token, the reference continues. */
async function isPipelineEqual(
  request: EngineRequest,
  parts: PipelineModel,
  one: ConversationCase,
): Promise<boolean> {
  const { eos } = parts.manifest.tokens;
  const end = one.greedyIds.findIndex((id) => eos.includes(id));
  const expected = end < 0 ? one.greedyIds : one.greedyIds.slice(0, end);
  const { generate } = createRequestRunner(parts, { memoryBytes: 0, caches: NO_CACHES });
  for await (const event of generate(request)) {
    if (event.type !== 'answer') continue;
    const ids = event.tokens?.map(({ id }) => id) ?? [];
    return ids.length === expected.length && countEqual(expected, ids) === expected.length;
  }
  return false;
}

async function toRequest(one: ConversationCase): Promise<EngineRequest> {
  const media = await Promise.all(
    one.media.map(async (reference): Promise<RequestMedia> => {
      if (reference.kind === 'image') return { kind: 'image', bytes: await readMedia(reference) };
      const sampling = { mode: 'uniform', frames: { count: reference.frames } } as const;
      return { kind: 'video', path: mediaPath(reference), sampling };
    }),
  );
  const settings = {
    ...GREEDY,
    ...{ maxTokens: one.greedyIds.length, topLogprobs: 1 },
  };
  return { media, detail: 'high', conversations: [one.messages], settings };
}

async function toParts(model: ChatModel, media: readonly MediaReference[]): Promise<PipelineModel> {
  const clips = media.filter(({ kind }) => kind === 'video');
  const frames = new Map(
    await Promise.all(clips.map(async (clip) => [mediaPath(clip), await cutFrames(clip)] as const)),
  );
  return { ...model, mediaDecoder: createFrameDecoder(frames) };
}

/** Takes the frames from an image instead of a video file: video decoding is not compared. */
function createFrameDecoder(clips: ReadonlyMap<string, Frame[]>): MediaDecoder {
  return {
    tile: decodeAndTileImage,
    sampleVideo({ path, processor: { tileSize, resample } }) {
      const frames = clips.get(path) ?? [];
      return Promise.resolve({
        tiles: frames.map((frame) => resizeImage(frame, tileSize, resample).data),
        timestampsSeconds: frames.map((_, index) => index),
        ...{ width: 0, height: 0, durationSeconds: null, framesRequested: frames.length },
        ...{ mediaDecodeMs: 0, tileMs: 0 },
      });
    },
    close: () => Promise.resolve(),
  };
}

type Frame = Awaited<ReturnType<typeof decodeImage>>;

async function cutFrames(clip: MediaReference): Promise<Frame[]> {
  const { width, height, frames } = clip;
  const strip = await decodeImage({ bytes: await readMedia(clip) });
  if (strip.width !== width || strip.height !== height * frames) {
    throw new RangeError(`${clip.file} does not match the frame size and count of its reference.`);
  }
  const frameBytes = width * height * 3;
  return Array.from({ length: frames }, (_, index) => {
    const data = strip.data.subarray(index * frameBytes, (index + 1) * frameBytes);
    return { width, height, data };
  });
}

function expandIds(
  chunks: readonly PromptSegment[],
  { media }: ConversationCase,
  { manifest }: ChatModel,
): number[] {
  return chunks.flatMap((chunk) => {
    if (chunk.kind === 'text') return chunk.ids;
    const shown = media.filter(({ kind }) => kind === chunk.kind)[chunk.index];
    return new Array<number>(shown?.visualTokens ?? 0).fill(
      manifest.vision!.tokens[chunk.kind] ?? -1,
    );
  });
}

function worst(distances: readonly Distance[]): Distance | null {
  if (distances.length === 0) return null;
  return {
    maxAbs: Math.max(...distances.map(({ maxAbs }) => maxAbs)),
    cosine: Math.min(...distances.map(({ cosine }) => cosine)),
  };
}

function sha256(tiles: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const tile of tiles) hash.update(tile);
  return hash.digest('hex');
}
