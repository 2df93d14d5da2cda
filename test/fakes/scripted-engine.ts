import type { EngineEvent, TokenLogprob } from '../../src/engine/vision-language-engine.js';
import type { FakeEngine } from './fake-engine.js';

const token = (text: string, logprob: number): TokenLogprob => {
  const ranked = { id: 1, text, bytes: [...Buffer.from(text)], logprob };
  return { ...ranked, top: [ranked] };
};

const TOKENS = [token('Bon', -0.5), token(' dia', -0.25), token('', -0.125)];

export const MEDIA: EngineEvent = { type: 'media', media: [] };

/** Two text deltas, one token each. */
export const DELTAS = TOKENS.slice(0, 2).map((item): EngineEvent => ({
  type: 'text-delta',
  conversation: 0,
  text: item.text,
  tokens: [item],
}));

/** The answer with the text of both deltas and a third token without text. */
export const ANSWER: Extract<EngineEvent, { readonly type: 'answer' }> = {
  type: 'answer',
  conversation: 0,
  text: 'Bon dia',
  finishReason: 'stop',
  stopReason: null,
  usage: { promptTokens: 12, imageTokens: 0, cachedTokens: 2, completionTokens: 3 },
  timings: { prefillMs: 4, decodeMs: 5, firstTokenMs: 4 },
  tokens: TOKENS,
};

const TIMINGS = {
  ...{ queueMs: 0, mediaDecodeMs: 0, tileMs: 0, encodeMs: 0 },
  ...{ prefillMs: 4, decodeMs: 5 },
};

export const DONE: EngineEvent = {
  type: 'done',
  timings: { ...TIMINGS, firstTokenMs: 4, totalMs: 9 },
};

/**
 * Scripts the requests of a fake engine: events to yield, an error to throw, or `hang` to wait until the signal aborts.
 *
 * @returns a state whose `isOver` becomes true when a request ends, with or without an error.
 */
export function play(
  engine: FakeEngine,
  ...script: readonly (EngineEvent | Error | 'hang')[]
): { isOver: boolean } {
  const state = { isOver: false };
  engine.generate = async function* (request, signal) {
    engine.requests.push(request);
    try {
      for (const step of script) {
        if (step instanceof Error) throw step;
        if (step !== 'hang') yield step;
        else await new Promise((_, reject) => signal?.addEventListener('abort', reject));
      }
    } finally {
      state.isOver = true;
    }
  };
  return state;
}
