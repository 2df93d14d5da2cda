import { cacheBytesPerToken } from '../decoder/kv-cache/cache-planes.js';
import { SalamandraError } from '../errors/salamandra-error.js';
import { offeredLanguages, resolveLanguage } from '../language/languages.js';
import { invalidPackage, withFile } from '../models/package/invalid-model.js';
import { type ModelManifest, PACKAGE_FILES } from '../models/package/manifest.js';
import type { Tokenizer } from '../language/tokenizer.js';
import { captionConversation } from './conversations.js';
import { buildRequestPrompt, countTextIds } from './prompts.js';
import type { ModelCosts } from './vision-language-engine.js';

/**
 * Computes the costs of a loaded model.
 *
 * @throws MODEL_INVALID if the chat template cannot render the prompt of a caption: no request could be answered.
 */
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
    try {
      return countTextIds(buildRequestPrompt(conversation, tokenizer));
    } catch (error) {
      throw invalidTemplate(error);
    }
  });
  return Math.max(...lengths);
}

/** An error of a request, or of a template in general, becomes one of the package. */
function invalidTemplate(error: unknown): unknown {
  if (!(error instanceof SalamandraError) || error.code !== 'INVALID_REQUEST') {
    return withFile(error, 'package', PACKAGE_FILES.chatTemplate);
  }
  const placed = error.details?.['placed'];
  const problem =
    placed === undefined
      ? 'it rejects the prompt of a caption, one user message with an image and a text'
      : `it must place the image of a caption once, but places it ${String(placed)} times`;
  return invalidPackage(PACKAGE_FILES.chatTemplate, problem, error);
}
