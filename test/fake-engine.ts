import type {
  EngineEvent,
  EngineRequest,
  EngineStatus,
  ModelDescription,
  VisionLanguageEngine,
} from '../src/engine/vision-language-engine.js';

export const FAKE_MODEL: ModelDescription = {
  id: 'fake',
  name: 'Fake',
  architecture: 'LlavaOnevisionForConditionalGeneration',
  revision: '0'.repeat(64),
  licence: 'apache-2.0',
  precision: 'int8',
  contextLength: 1024,
  generation: {},
};

/** An engine without a model: it remembers what it was asked and answers with what it is told to. */
export interface FakeEngine extends VisionLanguageEngine {
  requests: EngineRequest[];
  signals: (AbortSignal | undefined)[];
  nextStatus: EngineStatus;
  /** Thrown instead of an answer. */
  failure: Error | undefined;
  /** Never answers. */
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

function* answer({ conversations }: EngineRequest): Generator<EngineEvent> {
  const grid = { rows: 2, columns: 2 };
  const sha256 = 'a'.repeat(64);
  yield {
    type: 'media',
    images: [{ width: 30, height: 20, tiles: 5, grid, visualTokens: 199, sha256 }],
  };
  for (const conversation of conversations.keys()) {
    yield {
      type: 'answer',
      conversation,
      text: `answer ${conversation}`,
      finishReason: 'stop',
      usage: { promptTokens: 210, imageTokens: 199, completionTokens: 3 },
      timings: { prefillMs: 1.26, decodeMs: 2, firstTokenMs: 1.5 },
    };
  }
  const timings = { decodeMediaMs: 1, tileMs: 2, encodeMs: 3, prefillMs: 4, decodeMs: 5 };
  yield { type: 'done', timings: { ...timings, firstTokenMs: 10, totalMs: 15 } };
}
