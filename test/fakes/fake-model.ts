import type { MediaDecoder } from '../../src/engine/media-decoder.js';
import type { PipelineModel } from '../../src/engine/loaded-model.js';
import { createTokenGrammars } from '../../src/decoder/grammar/token-grammars.js';
import { loadTokenizer } from '../../src/language/tokenizer.js';
import type { GraphSession } from '../../src/runtime/graph-session.js';
import { createTensor } from '../../src/tensor/tensor.js';
import { planTiles } from '../../src/vision/plan-tiles.js';
import type { VisionGeometry } from '../../src/vision/vision-geometry.js';
import { tinyManifest } from '../tiny-model/tiny-package.js';
import { createGeometry, readGolden } from '../golden/vision-golden.js';
import { FAKE_DECODER } from './attention-session.js';
import { createFakeDecoder, type DecoderRun, type FakeDecoder } from './fake-decoder.js';

const { hiddenSize } = FAKE_DECODER;
/** First of the 11 token ids that the fake model can sample. */
const FIRST_LIKELY_ID = 546;
const TOKENIZER = 'test/golden/tokenizer';

/** Arguments of a call to the fake media decoder. */
export type MediaCall = Record<string, unknown> & { readonly kind: 'image' | 'video' };

export interface FakeModel extends PipelineModel {
  readonly decoder: FakeDecoder;
  /** Positions of each decoder run, in order. A decode step has one per sequence. */
  readonly runs: readonly number[];
  /** Tiles of each vision encoder run, in order. */
  readonly visionRuns: readonly number[];
  readonly mediaCalls: readonly MediaCall[];
  /** Called at the start of every decoder run. */
  onRun: (positions: number) => void;
  /** Called at the start of every vision encoder run. */
  onVisionRun: () => void;
}

export interface FakeModelOptions {
  readonly maxPositions?: number;
  /** Frames of every video. */
  readonly videoFrames?: number;
  /** `text` creates a model without a vision encoder, `text and images` one that takes no videos. */
  readonly inputs?: 'text' | 'text and images' | 'text and media';
  /** Whether several images are padded to one tile each, as in LLaVA-OneVision, or split like one, as in LLaVA-NeXT. */
  readonly severalImages?: 'padded' | 'as-one';
}

/**
 * A model with the fake decoder, the demo model's geometry and a fake media decoder. It records every run. The image
 * features depend on the first byte of the file.
 */
export async function createFakeModel(options: FakeModelOptions = {}): Promise<FakeModel> {
  const { maxPositions = FAKE_DECODER.maxPositions, videoFrames = 100 } = options;
  const { inputs = 'text and media', severalImages = 'padded' } = options;
  const tokenizer = await loadTokenizer(
    TOKENIZER,
    inputs === 'text' ? null : { image: 6, video: 7 },
  );
  const decoderConfig = { ...tinyManifest().decoder, ...FAKE_DECODER, maxPositions };
  const manifest = { ...tinyManifest(), decoder: decoderConfig, files: {}, digest: '' };
  const { demo } = readGolden('packed-features').geometries;
  const { layout, videoProcessor, ...common } = createGeometry(demo!);
  const geometry: VisionGeometry = {
    ...common,
    layout: severalImages === 'padded' ? layout : { ...layout, severalImagesColor: null },
    videoProcessor: inputs === 'text and images' ? null : videoProcessor,
  };
  const tokenEmbeddings = {
    hiddenSize,
    embed: (ids: readonly number[]) =>
      createTensor(
        [ids.length, hiddenSize],
        Float32Array.from(
          ids.flatMap((id) => Array.from({ length: hiddenSize }, (_, d) => Math.sin(id * 5 + d))),
        ),
      ),
    close: () => undefined,
  };
  const runs: number[] = [];
  const visionRuns: number[] = [];
  const mediaCalls: MediaCall[] = [];
  const decoder = createFakeDecoder(
    { maxPositions, vocabulary: 1600, likelyIds: { first: FIRST_LIKELY_ID, count: 11 } },
    tokenEmbeddings,
  );
  decoder.onRun = (run) => {
    runs.push(countPositions(run));
    model.onRun(countPositions(run));
  };
  const vision = {
    geometry,
    imageNewline: new Float32Array(hiddenSize).fill(0.5),
    graph: createVisionGraph((tiles) => {
      visionRuns.push(tiles);
      model.onVisionRun();
    }),
  };
  const model: FakeModel = {
    manifest: { ...manifest, tokens: { ...manifest.tokens, eos: [] } },
    grammars: createTokenGrammars(tokenizer, []),
    ...{ tokenizer, tokenEmbeddings, runs, visionRuns, mediaCalls },
    mediaDecoder: createMediaDecoder(mediaCalls, videoFrames),
    vision: inputs === 'text' ? null : vision,
    decoder,
    onRun: () => undefined,
    onVisionRun: () => undefined,
  };
  return model;
}

function countPositions(run: DecoderRun): number {
  return run.kind === 'prefill' ? run.positions : run.sequences.length;
}

/** A vision encoder whose features differ for each tile and patch. */
function createVisionGraph(onRun: (tiles: number) => void): GraphSession {
  return {
    inputNames: ['pixel_values'],
    outputNames: ['image_features'],
    close: () => Promise.resolve(),
    run([group]) {
      const pixels = group?.['pixel_values'];
      if (pixels?.type !== 'float32')
        throw new TypeError('The input pixel_values is missing or not float32.');
      const tiles = pixels.shape[0] ?? 0;
      onRun(tiles);
      const stride = pixels.data.length / tiles;
      const data = Float32Array.from({ length: tiles * 49 * hiddenSize }, (_, i) => {
        const tile = Math.floor(i / (49 * hiddenSize));
        return Math.sin((pixels.data[tile * stride] ?? 0) * 50 + i);
      });
      return Promise.resolve({
        image_features: { type: 'float32', shape: [tiles, 49, hiddenSize], data },
      });
    },
  };
}

function createMediaDecoder(calls: MediaCall[], videoFrames: number): MediaDecoder {
  const tileOf = (value: number) => new Uint8Array(98 * 98 * 3).fill(value);
  const common = { sha256: 'ab'.repeat(32), mediaDecodeMs: 2, tileMs: 1 };
  return {
    tile({ file, geometry, detail, maxVisualTokens, layout }) {
      const first = 'bytes' in file ? (file.bytes[0] ?? 0) : 0;
      calls.push({ kind: 'image', detail, maxVisualTokens, layout });
      const size = { width: 300, height: 200 };
      const plan = planTiles(size, geometry, layout === 'square' ? 'low' : detail, maxVisualTokens);
      const tiles = Array.from({ length: plan.tiles }, (_, tile) => tileOf(first + tile));
      return Promise.resolve({ plan, tiles, isBlank: false, page: 1, pages: 1, ...common });
    },
    sampleVideo({ sampling, maxFrames, path }) {
      calls.push({ kind: 'video', maxFrames });
      const framesRequested = 'count' in sampling.frames ? sampling.frames.count : videoFrames;
      const frames = Math.min(framesRequested, maxFrames, videoFrames);
      return Promise.resolve({
        tiles: Array.from({ length: frames }, (_, frame) => tileOf(path.length + frame)),
        timestampsSeconds: Array.from({ length: frames }, (_, frame) => frame / 2),
        ...{ width: 64, height: 48, durationSeconds: 12, framesRequested, ...common },
      });
    },
    close: () => Promise.resolve(),
  };
}
