import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { env, PreTrainedTokenizer } from '@huggingface/transformers';

import { type JsonObject, parseJsonObject } from '../models/package/json-fields.js';
import { invalidModel } from '../models/package/invalid-model.js';
import { PACKAGE_FILES } from '../models/package/manifest.js';
import { type ControlToken, type DecodingSteps, parseTokenizerFile } from './tokenizer-json.js';

/** A message in the format of the checkpoint's Jinja template. */
export interface TemplateMessage {
  readonly role: string;
  readonly content: string | readonly Readonly<Record<string, string>>[];
}

/** Encodes text and renders the checkpoint's chat template. Stateless, without native memory. */
export interface Tokenizer {
  /**
   * Token ids of text between two control tokens. Text that spells a control token is not encoded as one. No special
   * tokens are added.
   */
  encodeText(text: string): number[];
  /** The piece of a token id; undefined outside the vocabulary. */
  pieceOf(id: number): string | undefined;
  readonly decoding: DecodingSteps;
  /** Tokens that only the chat template may emit, by their content. */
  readonly controlTokens: ReadonlyMap<string, ControlToken>;
  readonly controlIds: ReadonlySet<number>;
  /** Control token ids that user text must not contain: all except the unknown token. */
  readonly unsafeIds: ReadonlySet<number>;
  /** Token ids before and after every prompt, usually the beginning-of-sequence token before it. */
  readonly prefixIds: readonly number[];
  readonly suffixIds: readonly number[];
  /** The beginning-of-sequence token. If the template emits it, `prefixIds` and `suffixIds` are not added. */
  readonly bosToken: string | null;
  /** The placeholder of an image in the rendered template. */
  readonly imageToken: string;
  /** The placeholder of a video in the rendered template. */
  readonly videoToken: string;
  /** Renders the chat template with a generation prompt. Throws the template's exceptions. `null` for base models. */
  readonly renderTemplate: ((messages: readonly TemplateMessage[]) => string) | null;
}

const DEFAULT_IMAGE_TOKEN = '<image>';
const DEFAULT_VIDEO_TOKEN = '<video>';

// The files are on disk and verified. A missing file must be an error, not a download.
env.allowRemoteModels = false;

/**
 * Loads tokenizer.json, tokenizer_config.json and the optional chat_template.jinja of a model package or a checkpoint.
 *
 * @throws MODEL_INVALID if a required file is missing, or is not a tokenizer of the Llama family
 */
export async function loadTokenizer(directory: string): Promise<Tokenizer> {
  const [fileBytes, configBytes, template] = await Promise.all([
    readModelFile(directory, PACKAGE_FILES.tokenizer),
    readModelFile(directory, PACKAGE_FILES.tokenizerConfig),
    readChatTemplate(directory),
  ]);
  return createTokenizer(
    parseJsonObject(fileBytes, PACKAGE_FILES.tokenizer),
    parseJsonObject(configBytes, PACKAGE_FILES.tokenizerConfig),
    template,
  );
}

/** Creates a tokenizer from parsed files. @throws MODEL_INVALID */
export function createTokenizer(
  file: JsonObject,
  config: JsonObject,
  chatTemplate: string | null,
): Tokenizer {
  const imageToken = tokenContent(config['image_token']) ?? DEFAULT_IMAGE_TOKEN;
  const videoToken = tokenContent(config['video_token']) ?? DEFAULT_VIDEO_TOKEN;
  const parsed = parseTokenizerFile(file, new Set([imageToken, videoToken]));
  const plain = createPlainTokenizer(parsed.plain, config);
  const { controlTokens, decoding, pieces, prefixIds, suffixIds } = parsed;
  return {
    controlTokens: new Map(controlTokens.map((token) => [token.content, token])),
    controlIds: new Set(controlTokens.map(({ id }) => id)),
    unsafeIds: new Set(
      controlTokens.filter(({ content }) => content !== parsed.unknownToken).map(({ id }) => id),
    ),
    decoding,
    prefixIds,
    suffixIds,
    bosToken: tokenContent(config['bos_token']),
    imageToken,
    videoToken,
    encodeText: (text) =>
      text === '' ? [] : plain.encode(wellFormed(text), { add_special_tokens: false }),
    pieceOf: (id) => pieces.get(id),
    renderTemplate:
      chatTemplate === null
        ? null
        : (messages) =>
            plain.apply_chat_template(messages as Parameters<typeof plain.apply_chat_template>[0], {
              chat_template: chatTemplate,
              add_generation_prompt: true,
              tokenize: false,
            }),
  };
}

function createPlainTokenizer(file: JsonObject, config: JsonObject): PreTrainedTokenizer {
  try {
    return new PreTrainedTokenizer(file, config);
  } catch (cause) {
    throw invalidModel('transformers.js cannot load tokenizer.json', cause);
  }
}

async function readModelFile(directory: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, name));
  } catch (cause) {
    throw invalidModel(`${name} cannot be read`, cause);
  }
}

/** Optional: the manifest, which is verified before, lists the template only for chat models. */
async function readChatTemplate(directory: string): Promise<string | null> {
  try {
    return await readFile(join(directory, PACKAGE_FILES.chatTemplate), 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw invalidModel(`${PACKAGE_FILES.chatTemplate} cannot be read`, cause);
  }
}

/** Special tokens in tokenizer_config.json are strings or objects with `content`. */
function tokenContent(value: unknown): string | null {
  if (typeof value === 'object' && value !== null && 'content' in value)
    return tokenContent(value.content);
  return typeof value === 'string' ? value : null;
}

/** Replaces lone surrogates by U+FFFD, as every encoding to UTF-8 does. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
