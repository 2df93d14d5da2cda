import { cacheBytesPerToken } from '../decoder/kv-cache/cache-planes.js';
import { LANGUAGES } from '../language/languages.js';
import type { ModelManifest } from '../models/package/manifest.js';
import type { Tokenizer } from '../language/tokenizer.js';
import { captionConversation } from './conversations.js';
import { buildRequestPrompt, countTextIds } from './prompts.js';
import type { ModelCosts } from './vision-language-engine.js';

/** Computes the costs of a loaded model. */
export function describeCosts(
  { vision, decoder, files }: ModelManifest,
  tokenizer: Tokenizer,
): ModelCosts {
  const weights = Object.entries(files).filter(([name]) => name.endsWith('.onnx.data'));
  return {
    geometry: vision && {
      imageProcessor: vision.imageProcessor,
      patchesPerSide: vision.patchesPerSide,
    },
    instructionTokens: vision && tokenizer.chatTemplate ? countInstruction(tokenizer) : 0,
    weightBytes: weights.reduce((total, [, { bytes }]) => total + bytes, 0),
    cacheBytesPerToken: cacheBytesPerToken(decoder),
  };
}

function countInstruction(tokenizer: Tokenizer): number {
  const lengths = LANGUAGES.map((language) =>
    countTextIds(buildRequestPrompt(captionConversation('caption', language), tokenizer)),
  );
  return Math.max(...lengths);
}
