import type {
  EngineEvent,
  EngineRequest,
  TokenLogprob,
} from '../../src/engine/vision-language-engine.js';
import { createFakeEngine, type FakeEngine } from '../fakes/fake-engine.js';

/** A fake engine that writes given texts word after word, at the pace of the test. */
export interface WritingEngine extends FakeEngine {
  /** By conversation; the last one goes for all that follow. */
  texts: readonly string[];
  /** Thrown after the first word of a text. */
  interruption: Error | undefined;
  /** Makes it wait after the first word of every text, until the returned function is called or the client leaves. */
  pause(): () => void;
}

export function createWritingEngine(): WritingEngine {
  const engine = createFakeEngine();
  let isGoing = Promise.resolve();
  const writing: WritingEngine = Object.assign(engine, {
    texts: ['a fox in the snow'],
    interruption: undefined,
    pause() {
      let goOn: () => void = () => undefined;
      isGoing = new Promise((resolve) => {
        goOn = resolve;
      });
      return goOn;
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
        await Promise.race([isGoing, aborted(signal)]);
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

/** A token for each word, half certain of it, with another that had been a quarter certain. */
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
