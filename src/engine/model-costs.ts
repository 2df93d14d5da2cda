import { cacheBytesPerToken } from '../decoder/kv-cache/cache-planes.js';
import { offeredLanguages, resolveLanguage } from '../language/languages.js';
import type { ModelManifest } from '../models/package/manifest.js';
import type { Tokenizer } from '../language/tokenizer.js';
import { captionConversation } from './conversations.js';
import { buildRequestPrompt, countTextIds } from './prompts.js';
import type { ModelCosts } from './vision-language-engine.js';

/** Computes the costs of a loaded model. */
export function describeCosts(
  { vision, decoder, languages, files }: ModelManifest,
  tokenizer: Tokenizer,
): ModelCosts {
  const weights = Object.entries(files).filter(([name]) => name.endsWith('.onnx.data'));
  return {
    geometry: vision && {
      layout: vision.layout,
      imageProcessor: vision.imageProcessor,
      videoProcessor: vision.videoProcessor,
      patchesPerSide: vision.patchesPerSide,
      featuresPerTile: vision.featuresPerTile,
    },
    instructionTokens:
      vision && tokenizer.chatTemplate ? countInstruction(tokenizer, languages) : 0,
    weightBytes: weights.reduce((total, [, { bytes }]) => total + bytes, 0),
    cacheBytesPerToken: cacheBytesPerToken(decoder),
  };
}

function countInstruction(tokenizer: Tokenizer, tags: ModelManifest['languages']): number {
  const lengths = offeredLanguages(tags).map((code) => {
    const conversation = captionConversation('caption', resolveLanguage(code));
    return countTextIds(buildRequestPrompt(conversation, tokenizer));
  });
  return Math.max(...lengths);
}
