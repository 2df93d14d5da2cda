import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { env, PreTrainedTokenizer } from '@huggingface/transformers';

import { type JsonObject, parseJsonObject } from '../models/package/json-fields.js';
import { invalidModel } from '../models/package/invalid-model.js';
import { PACKAGE_FILES } from '../models/package/manifest.js';
import { type ControlToken, type DecodingSteps, parseTokenizerFile } from './tokenizer-file.js';

/** A message as the checkpoint's Jinja template sees it. */
export interface TemplateMessage {
  readonly role: string;
  readonly content: string | readonly Readonly<Record<string, string>>[];
}

/** Text to ids and the checkpoint's chat template. Holds no native memory and no state between calls. */
export interface Tokenizer {
  /**
   * Ids of a stretch of text between two control tokens. Whatever the text spells, no id is a control token's;
   * nothing is added before or after.
   */
  encodeText(text: string): number[];
  /** The piece of an id, `undefined` for an id outside the vocabulary. */
  pieceOf(id: number): string | undefined;
  readonly decoding: DecodingSteps;
  /** Tokens that only the chat template may place, by what they look like there. */
  readonly controlTokens: ReadonlyMap<string, ControlToken>;
  readonly controlIds: ReadonlySet<number>;
  /** The control ids no text of a user may hold: all but the one for unknown characters. */
  readonly unsafeIds: ReadonlySet<number>;
  /** Ids around every prompt, as a rule the beginning-of-sequence id before it. */
  readonly prefixIds: readonly number[];
  readonly suffixIds: readonly number[];
  /** The beginning-of-sequence token; a template that writes it itself gets no prefix. */
  readonly bosToken: string | null;
  /** The token that stands for one picture in a rendered template. */
  readonly imageToken: string;
  /** The same for one clip. */
  readonly videoToken: string;
  /**
   * Runs the chat template with a generation prompt, and throws whatever it raises. Null where there is none, as in base
   * models.
   */
  readonly renderTemplate: ((messages: readonly TemplateMessage[]) => string) | null;
}

const DEFAULT_IMAGE_TOKEN = '<image>';
const DEFAULT_VIDEO_TOKEN = '<video>';

// The files are on disk and verified; a missing one is an error and never a download.
env.allowRemoteModels = false;

/**
 * Loads tokenizer.json, tokenizer_config.json and, where there is one, chat_template.jinja of a model package or a
 * checkpoint.
 *
 * @throws MODEL_INVALID when a file is missing or is not what the Llama family uses.
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

/** The tokenizer of already parsed files. @throws MODEL_INVALID */
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
    throw invalidModel('its tokenizer cannot be read', cause);
  }
}

async function readModelFile(directory: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, name));
  } catch (cause) {
    throw invalidModel(`${name} cannot be read`, cause);
  }
}

/** Whether a model chats is the package's to say: its manifest lists the template or not, and is checked before. */
async function readChatTemplate(directory: string): Promise<string | null> {
  try {
    return await readFile(join(directory, PACKAGE_FILES.chatTemplate), 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw invalidModel(`${PACKAGE_FILES.chatTemplate} cannot be read`, cause);
  }
}

/** Special tokens stand in tokenizer_config.json as text or as an object around the text. */
function tokenContent(value: unknown): string | null {
  if (typeof value === 'object' && value !== null && 'content' in value)
    return tokenContent(value.content);
  return typeof value === 'string' ? value : null;
}

/** Lone surrogates have no UTF-8 and become U+FFFD, as everywhere else that text is written as bytes. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
