import { Logger } from '@nestjs/common';

import type {
  EngineEvent,
  EngineRequest,
  VisionLanguageEngine,
} from '../../engine/vision-language-engine.js';
import type { KeyRecord } from '../../keys/key-records.js';
import type { Keyring } from '../../keys/keyring.js';
import { keyNameOf } from './client.js';

const logger = new Logger('keys');

/**
 * Counts the pictures and tokens of requests that came with a key, and refuses those beyond its limits.
 *
 * `generate` throws RATE_LIMITED in addition.
 */
export function meterEngine(engine: VisionLanguageEngine, keys: Keyring): VisionLanguageEngine {
  return {
    status: () => engine.status(),
    describe: () => engine.describe(),
    close: () => engine.close(),
    generate(request, signal, onStart) {
      const name = keyNameOf(request.client);
      const key = name === undefined ? undefined : keys.byName(name);
      const events = () => engine.generate(request, signal, onStart);
      return key ? meter(key, request, events) : events();
    },
  };

  async function* meter(
    key: KeyRecord,
    request: EngineRequest,
    generate: () => AsyncIterable<EngineEvent>,
  ): AsyncGenerator<EngineEvent> {
    keys.usage.reserve(key, request.media.length);
    let frames = 0;
    let visualTokens = 0;
    let answered = 0;
    let pieces = 0;
    try {
      for await (const event of generate()) {
        if (event.type === 'media') {
          for (const report of event.media) {
            visualTokens += report.visualTokens;
            // The clip was counted as one picture before its frames were known.
            if (report.kind === 'video') frames += report.frames.length - 1;
          }
        } else if (event.type === 'text-delta') {
          pieces += 1;
        } else if (event.type === 'answer') {
          answered += event.usage.promptTokens + event.usage.completionTokens;
        }
        yield event;
      }
    } finally {
      // A request that was cancelled has no usage. It cost the media, and about one token per piece of text.
      const tokens = answered > 0 ? answered : visualTokens + pieces;
      charge(key.name, { pictures: frames, tokens });
    }
  }

  /** The work is done, so a full disk must not take the answer. */
  function charge(
    name: string,
    used: { readonly pictures: number; readonly tokens: number },
  ): void {
    if (used.pictures + used.tokens === 0) return;
    try {
      keys.usage.charge(name, used);
    } catch (error) {
      logger.error(`The use of the key ${name} was not stored: ${String(error)}`);
    }
  }
}
