import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type JsonObject, parseJsonObject } from '../models/package/json-fields.js';
import { checkingFile, invalidModel } from '../models/package/invalid-model.js';
import { PACKAGE_FILES } from '../models/package/manifest.js';
import { createSectionSplitter } from './added-tokens.js';
import { createPieceEncoder } from './byte-pairs.js';
import { type ChatTemplate, type Placeholders, createChatTemplate } from './chat-template.js';
import { createNormalizer } from './normalizers.js';
import { createPreTokenizer } from './pre-tokenizers.js';
import { listSpecialTokens } from './special-tokens.js';
import type { TaintedText } from './tainted-text.js';
import { createTokenDecoder, type TokenDecoder } from './token-decoders.js';
import {
  type SurroundingIds,
  parseAddedTokens,
  parsePostProcessor,
  piecesById,
} from './tokenizer-json.js';

/** Token ids of the placeholders of images and videos; `null` for a model that knows no videos. */
export interface MediaTokenIds {
  readonly image: number;
  readonly video: number | null;
}

/** Encodes text and renders the chat template. Stateless, without native memory. */
export interface Tokenizer extends SurroundingIds {
  /**
   * Token ids of a whole text, without the ids around it. Control tokens match only where the template wrote them: text
   * of a client that spells a control token is encoded as plain characters.
   */
  encode(text: TaintedText): number[];
  /** The piece of a token id; undefined outside the vocabulary. */
  pieceOf(id: number): string | undefined;
  readonly decoder: TokenDecoder;
  /** Token ids that user text must not contain. */
  readonly controlIds: ReadonlySet<number>;
  /** Token ids that decoded text leaves out. */
  readonly specialIds: ReadonlySet<number>;
  /** Named special tokens, such as `bos_token`, which chat templates may print. */
  readonly specialTokens: Readonly<Record<string, string>>;
  /** Token ids of the placeholders of images and videos; `null` for text models. */
  readonly media: MediaTokenIds | null;
  readonly placeholders: Placeholders;
  /** `null` for base models. */
  readonly chatTemplate: ChatTemplate | null;
}

/**
 * Loads tokenizer.json, tokenizer_config.json and the optional chat_template.jinja of a model package or a checkpoint.
 *
 * @throws MODEL_INVALID if a required file is missing, or needs something that is not supported
 */
export async function loadTokenizer(
  directory: string,
  media: MediaTokenIds | null,
): Promise<Tokenizer> {
  const [fileBytes, configBytes, template] = await Promise.all([
    readModelFile(directory, PACKAGE_FILES.tokenizer),
    readModelFile(directory, PACKAGE_FILES.tokenizerConfig),
    readChatTemplate(directory),
  ]);
  const tokenizer = createTokenizer(
    parseJsonObject(fileBytes, PACKAGE_FILES.tokenizer),
    parseJsonObject(configBytes, PACKAGE_FILES.tokenizerConfig),
    media,
  );
  if (template === null) return tokenizer;
  return checkingFile('package', PACKAGE_FILES.chatTemplate, () =>
    withChatTemplate(tokenizer, template),
  );
}

/** Creates a tokenizer without a chat template from parsed files. @throws MODEL_INVALID */
export function createTokenizer(
  file: JsonObject,
  config: JsonObject,
  media: MediaTokenIds | null,
): Tokenizer {
  const mediaIds = new Set<number | null>(media ? [media.image, media.video] : []);
  const added = parseAddedTokens(file['added_tokens'], mediaIds);
  const controlTokens = added.filter(({ isControl }) => isControl);
  const controlIds = new Set(controlTokens.map(({ id }) => id));
  const special = new Set(added.flatMap(({ content, isSpecial }) => (isSpecial ? [content] : [])));
  const names = listSpecialTokens(config);

  const normalize = createNormalizer(file['normalizer']);
  const pieces = piecesById(file['model'], added, normalize);
  const split = createSectionSplitter(added, normalize);
  const preTokenize = createPreTokenizer(file['pre_tokenizer']);
  const encodePiece = createPieceEncoder(file['model'], controlTokens);
  return {
    encode: (text) =>
      split(text.map(wellFormed)).flatMap((section) =>
        section.kind === 'token'
          ? [section.id]
          : preTokenize([section]).flatMap((piece) => encodePiece(piece.text)),
      ),
    pieceOf: (id) => pieces.get(id),
    decoder: createTokenDecoder(file['decoder']),
    controlIds,
    specialIds: new Set([...pieces].flatMap(([id, piece]) => (special.has(piece) ? [id] : []))),
    ...parsePostProcessor(file['post_processor']),
    specialTokens: names,
    media,
    placeholders: placeholdersOf(media, added),
    chatTemplate: null,
  };
}

/** The tokenizer with a chat template (Jinja). @throws MODEL_INVALID if the template cannot be used */
export function withChatTemplate(tokenizer: Tokenizer, source: string): Tokenizer {
  const { specialTokens, placeholders } = tokenizer;
  return { ...tokenizer, chatTemplate: createChatTemplate(source, specialTokens, placeholders) };
}

/** The contents of the placeholders. @throws MODEL_INVALID if no added token has one of the ids */
function placeholdersOf(
  media: MediaTokenIds | null,
  added: readonly { readonly id: number; readonly content: string }[],
): Placeholders {
  const contentOf = (kind: 'image' | 'video'): string | null => {
    const id = media?.[kind] ?? null;
    if (id === null) return null;
    const token = added.find((candidate) => candidate.id === id);
    if (token) return token.content;
    throw invalidModel(
      `added_tokens has no token with id ${id}, the ${kind} token of config.json or of the defaults of its class. Add the token to tokenizer.json`,
    );
  };
  return { image: contentOf('image'), video: contentOf('video') };
}

/** Replaces lone surrogates by U+FFFD, as every encoding to UTF-8 does. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
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
