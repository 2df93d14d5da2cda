import type {
  Conversation,
  EngineEvent,
  EngineRequest,
  EngineStatus,
  ModelDescription,
  RequestMedia,
  VisionLanguageEngine,
} from '../../src/engine/vision-language-engine.js';
import type { MediaReport } from '../../src/media/media-report.js';
import { LANGUAGE_CODES } from '../../src/language/languages.js';
import type { ChatMessage } from '../../src/language/chat-template.js';
import { NEUTRAL_GENERATION } from './generation.js';

const FAKE_PROCESSOR = {
  tileSize: { width: 98, height: 98 },
  resample: 'bicubic',
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
  rescaleFactor: 1 / 255,
} as const;

export const FAKE_MODEL: ModelDescription = {
  id: 'fake',
  name: 'Fake',
  architecture: 'LlavaOnevisionForConditionalGeneration',
  revision: '0'.repeat(64),
  licence: 'apache-2.0',
  hub: null,
  precision: 'int8',
  inputModalities: ['text', 'image', 'video'],
  prompts: 'chat-and-raw',
  languages: LANGUAGE_CODES,
  contextLength: 1024,
  costs: {
    geometry: {
      layout: {
        kind: 'anyres',
        imageGridPinpoints: [
          { width: 196, height: 98 },
          { width: 196, height: 196 },
        ],
        maxTilesCap: 9,
        severalImagesColor: [127, 127, 127],
      },
      imageProcessor: FAKE_PROCESSOR,
      videoProcessor: FAKE_PROCESSOR,
      patchesPerSide: 7,
      featuresPerTile: 49,
    },
    instructionTokens: 24,
    weightBytes: 9_000_000,
    cacheBytesPerToken: 3_072,
  },
  vocabularySize: 1600,
  generation: NEUTRAL_GENERATION,
  environment: {
    packageSha256: 'b'.repeat(64),
    templateSha256: 'c'.repeat(64),
    versions: { visual_salamandra: '0.0.0', onnxruntime: '0.0.0', node: 'v0.0.0' },
    machine: { architecture: 'none', processor: 'none', instruction_sets: [], threads: 1 },
  },
};

/** A model whose checkpoint samples. */
export const SAMPLING_MODEL: ModelDescription = {
  ...FAKE_MODEL,
  generation: { ...NEUTRAL_GENERATION, doSample: true, temperature: 0.6, repetitionPenalty: 1.2 },
};

/** Messages of a conversation. Empty for an undefined conversation and for a raw prompt. */
export function messagesOf(conversation: Conversation | undefined): readonly ChatMessage[] {
  const isRaw = !conversation || 'rawText' in conversation || 'tokenIds' in conversation;
  return isRaw ? [] : conversation;
}

/** An engine without a model: records requests and returns fixed answers, or fails or hangs if configured. */
export interface FakeEngine extends VisionLanguageEngine {
  requests: EngineRequest[];
  signals: (AbortSignal | undefined)[];
  nextStatus: EngineStatus;
  /** The error that `generate` throws. */
  failure: Error | undefined;
  /** Whether `generate` waits until the signal aborts. */
  isHanging: boolean;
}

export function createFakeEngine(): FakeEngine {
  const engine: FakeEngine = {
    requests: [],
    signals: [],
    nextStatus: { state: 'ready', model: FAKE_MODEL },
    failure: undefined,
    isHanging: false,
    status: () => engine.nextStatus,
    describe: () => Promise.resolve(FAKE_MODEL),
    close: () => Promise.resolve(),
    async *generate(request, signal): AsyncGenerator<EngineEvent> {
      engine.requests.push(request);
      engine.signals.push(signal);
      if (engine.failure) throw engine.failure;
      if (engine.isHanging)
        await new Promise((_, reject) => signal?.addEventListener('abort', reject));
      yield* answer(request);
    },
  };
  return engine;
}

function* answer({ media, conversations }: EngineRequest): Generator<EngineEvent> {
  yield { type: 'media', media: media.map(report) };
  const imageTokens = 199 * media.length;
  for (const conversation of conversations.keys()) {
    yield { type: 'text-delta', conversation, text: 'answer ' };
    yield { type: 'text-delta', conversation, text: `${conversation}` };
    yield {
      type: 'answer',
      conversation,
      text: `answer ${conversation}`,
      finishReason: 'stop',
      stopReason: null,
      usage: { promptTokens: imageTokens + 11, imageTokens, cachedTokens: 0, completionTokens: 3 },
      timings: { prefillMs: 1.26, decodeMs: 2, firstTokenMs: 1.5 },
    };
  }
  const timings = {
    queueMs: 0,
    mediaDecodeMs: 1,
    tileMs: 2,
    encodeMs: 3,
    prefillMs: 4,
    decodeMs: 5,
  };
  yield { type: 'done', timings: { ...timings, firstTokenMs: 10, totalMs: 15 } };
}

/** The report of a media item. A video has two frames, at the start of its range and a second later. */
function report(media: RequestMedia): MediaReport {
  const sha256 = 'a'.repeat(64);
  const common = { width: 30, height: 20, visualTokens: 199, sha256 };
  if (media.kind === 'image') {
    const page = { page: media.page ?? 1, pages: media.page ?? 1 };
    const grid = { rows: 2, columns: 2 };
    return { kind: 'image', ...common, tiles: 5, grid, blank: false, ...page };
  }
  const { startSeconds = 0 } = media.sampling.range ?? {};
  const frames = [0, 1].map((second) => ({ timestampSeconds: startSeconds + second }));
  return { kind: 'video', ...common, durationSeconds: 60, frames, framesRequested: 8 };
}
