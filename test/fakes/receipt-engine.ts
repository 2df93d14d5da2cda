import { createHash } from 'node:crypto';

import type { Receipt } from '../../src/engine/receipts/receipt.js';
import { createReceiptSigner } from '../../src/engine/receipts/signing-key.js';
import { withReceipts } from '../../src/engine/receipts/with-receipts.js';
import { resolveSettings } from '../../src/engine/resolve-settings.js';
import type {
  EngineEvent,
  EngineRequest,
  GenerationSettings,
  ModelDescription,
  RequestMedia,
  VisionLanguageEngine,
} from '../../src/engine/vision-language-engine.js';
import { createFakeEngine, FAKE_MODEL } from './fake-engine.js';

const NO_TIMINGS = { prefillMs: 0, decodeMs: 0, firstTokenMs: 0 };

/** An engine without a model that writes about the content of a picture, with receipts. */
export function createReceiptEngine(
  home: string,
  changes: Partial<ModelDescription> = {},
): VisionLanguageEngine {
  const model = { ...FAKE_MODEL, ...changes };
  const engine: VisionLanguageEngine = {
    ...createFakeEngine(),
    status: () => ({ state: 'ready', model }),
    describe: () => Promise.resolve(model),
    generate: answer,
  };
  return withReceipts(engine, createReceiptSigner(home));
}

/** The receipt of a text about a picture. */
export async function receiptFor(
  home: string,
  media: RequestMedia,
  settings: Partial<GenerationSettings> = {},
): Promise<Receipt> {
  const request: EngineRequest = {
    media: [media],
    detail: 'auto',
    conversations: [
      [{ role: 'user', content: [{ type: 'image' }, { type: 'text', text: 'Say.' }] }],
    ],
    settings: { ...resolveSettings({}, FAKE_MODEL.generation), temperature: 0, ...settings },
    receipts: true,
  };
  for await (const event of createReceiptEngine(home).generate(request)) {
    if (event.type === 'answer' && event.receipt) return event.receipt;
  }
  throw new Error('The engine gave no receipt.');
}

async function* answer({ media: [media] }: EngineRequest): AsyncGenerator<EngineEvent> {
  const bytes = media && 'bytes' in media ? media.bytes : Buffer.from('nothing');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const grid = { rows: 2, columns: 2 };
  const size = { width: 30, height: 20, tiles: 5, grid, visualTokens: 199 };
  const page = { page: 1, pages: 1, blank: false };
  await Promise.resolve();
  yield { type: 'media', media: media ? [{ kind: 'image', sha256, ...size, ...page }] : [] };
  yield {
    type: 'answer',
    conversation: 0,
    text: `a text about ${Buffer.from(bytes).toString()}`,
    ...{ finishReason: 'stop', stopReason: null, timings: NO_TIMINGS },
    usage: { promptTokens: 210, imageTokens: 199, cachedTokens: 0, completionTokens: 3 },
    evidence: { promptSha256: 'd'.repeat(64), meanLogprob: -0.5, minLogprob: -1 },
  };
  const none = { queueMs: 0, mediaDecodeMs: 0, tileMs: 0, encodeMs: 0, totalMs: 0 };
  yield { type: 'done', timings: { ...none, ...NO_TIMINGS } };
}
