import type {
  EngineEvent,
  EngineRequest,
  TokenLogprob,
} from '../../../src/engine/vision-language-engine.js';
import { createFakeEngine, type FakeEngine } from '../../fakes/fake-engine.js';

/** A fake engine that streams given texts word by word, under the control of the test. */
export interface StreamingEngine extends FakeEngine {
  /** Texts by conversation. Further conversations get the last one. */
  texts: readonly string[];
  /** Thrown after the first word of a text, if set. */
  interruption: Error | undefined;
  /** Pauses after the first word of every text, until the returned function is called or the request is aborted. */
  pause(): () => void;
}

export function createStreamingEngine(): StreamingEngine {
  const engine = createFakeEngine();
  let resumed = Promise.resolve();
  const writing: StreamingEngine = Object.assign(engine, {
    texts: ['a fox in the snow'],
    interruption: undefined,
    pause() {
      let resume: () => void = () => undefined;
      resumed = new Promise((resolve) => {
        resume = resolve;
      });
      return resume;
    },
  });
  const generate = engine.generate;
  engine.generate = async function* (request, signal): AsyncGenerator<EngineEvent> {
    for await (const event of generate(request, signal)) {
      if (event.type === 'text-delta') continue;
      if (event.type !== 'answer') {
        yield event;
        continue;
      }
      const { conversation } = event;
      const text = writing.texts[conversation] ?? writing.texts.at(-1) ?? '';
      const words = toTokens(text);
      for (const [index, word] of words.entries()) {
        yield { type: 'text-delta', conversation, text: word.text, ...ranked(request, [word]) };
        if (index > 0) continue;
        await Promise.race([resumed, aborted(signal)]);
        if (writing.interruption) throw writing.interruption;
      }
      yield { ...event, text, ...ranked(request, words) };
    }
  };
  return writing;
}

function ranked({ settings }: EngineRequest, tokens: readonly TokenLogprob[]) {
  return settings.topLogprobs === undefined ? {} : { tokens };
}

/** One token per word, with probability 0.5 and the candidate "otter" with 0.25. */
function toTokens(text: string): TokenLogprob[] {
  const words = text.match(/\S+\s*/g) ?? [];
  return words.map((word, id) => {
    const first = { id, text: word, bytes: [...Buffer.from(word)], logprob: Math.log(0.5) };
    const second = { id: 99, text: 'otter', bytes: [...Buffer.from('otter')] };
    return { ...first, top: [first, { ...second, logprob: Math.log(0.25) }] };
  });
}

async function aborted(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason as Error));
  });
}
