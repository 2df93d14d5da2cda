import { checkChatTemplate } from '../../language/check-chat-template.js';
import { createTokenizer, type Tokenizer, withChatTemplate } from '../../language/tokenizer.js';
import { checkTokenizer } from '../package/check-tokenizer.js';
import { checkingFile, invalidCheckpoint } from '../package/invalid-model.js';
import { type JsonObject, parseJsonObject } from '../package/json-fields.js';
import { PACKAGE_FILES } from '../package/manifest.js';
import type { Architecture } from './checkpoint/architecture.js';
import type { CheckpointFiles } from './checkpoint/checkpoint-files.js';
import { loadTokenizerFiles } from './checkpoint/tokenizer-class.js';

/**
 * The tokenizer and chat template of a package: the bytes of the checkpoint, or what transformers would make of them if
 * that differs.
 *
 * @throws MODEL_INVALID if they need something that is not supported, or if the template does not place images and
 *   videos as the service needs it (`checkChatTemplate`)
 */
export function planTexts(
  files: CheckpointFiles,
  { decoder, vision }: Architecture,
): [string, Uint8Array][] {
  const { config, specialTokensMap, processor, chatTemplate } = files;
  const original = {
    tokenizer: parseJsonObject(files.tokenizer, PACKAGE_FILES.tokenizer),
    config: parseJsonObject(files.tokenizerConfig, PACKAGE_FILES.tokenizerConfig),
  };
  const { loaded, bytes, tokenizer } = checkingFile('checkpoint', PACKAGE_FILES.tokenizer, () => {
    const loaded = loadTokenizerFiles(
      original,
      config['model_type'],
      specialTokensMap,
      decoder.vocabularySize,
    );
    const bytes = serialize(loaded.tokenizer, original.tokenizer, files.tokenizer);
    checkTokenizer(bytes, decoder.vocabularySize);
    const tokenizer = createTokenizer(loaded.tokenizer, loaded.config, vision?.tokens ?? null);
    return { loaded, bytes, tokenizer };
  });
  checkMediaTokens(tokenizer, processor);
  const texts: [string, Uint8Array][] = [
    [PACKAGE_FILES.tokenizer, bytes],
    [
      PACKAGE_FILES.tokenizerConfig,
      serialize(loaded.config, original.config, files.tokenizerConfig),
    ],
  ];
  if (chatTemplate) {
    checkingFile('checkpoint', chatTemplate.file, () => {
      checkChatTemplate(withChatTemplate(tokenizer, chatTemplate.source));
    });
    texts.push([PACKAGE_FILES.chatTemplate, new TextEncoder().encode(chatTemplate.source)]);
  }
  return texts;
}

/** The original bytes, unless the JSON was changed. */
function serialize(json: JsonObject, original: JsonObject, bytes: Uint8Array): Uint8Array {
  return json === original ? bytes : new TextEncoder().encode(JSON.stringify(json));
}

/**
 * The processor of transformers finds the places of images and videos by the token that it names, the model by the ids
 * in config.json. If they differ, transformers fails too.
 */
function checkMediaTokens(
  { placeholders, specialTokens }: Tokenizer,
  processorConfig: JsonObject,
): void {
  for (const kind of ['image', 'video'] as const) {
    const field = `${kind}_token`;
    const named = specialTokens[field] ?? processorConfig[field];
    const content = placeholders[kind];
    if (typeof named !== 'string' || content === null || named === content) continue;
    throw invalidCheckpoint(
      field in specialTokens ? PACKAGE_FILES.tokenizerConfig : 'processor_config.json',
      `${field} names another token than the one with the ${kind} token id of config.json. Correct one of them`,
    );
  }
}
