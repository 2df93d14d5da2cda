import { checkingFile } from '../../package/invalid-model.js';
import { type JsonObject, checkInteger, checkList } from '../../package/json-fields.js';
import type { ModelManifest } from '../../package/manifest.js';
import { createFieldReader, type DecoderSource, findDecoderFamily } from './parse-decoder.js';
import type { GenerationFile } from './parse-generation.js';

const TOKEN = { min: 0, max: 1 << 24 };
const MAX_END_TOKENS = 64;

/** The special tokens of a checkpoint, and one sentence for each unusual one. */
export interface ParsedTokens {
  readonly tokens: ModelManifest['tokens'];
  readonly notes: readonly string[];
}

/**
 * Parses the token ids that begin, end and pad a text.
 *
 * transformers stops at the `eos_token_id` of the generation settings only. Where they have none, it runs on to the
 * maximum length; here the one of `config.json`, or of its class, ends the answer, and a note says so.
 *
 * @throws MODEL_INVALID
 */
export function parseTokens(source: DecoderSource, generation: GenerationFile): ParsedTokens {
  const readDefault = createFieldReader(findDecoderFamily(source), {});
  /** The value in the files; the one of the class if no file has the field, not even as null. */
  const lookUp = (field: string): unknown => {
    const values = [source.json, source.config, generation.json].map((json) => json[field]);
    const value = values.find((each) => each !== undefined && each !== null);
    return value ?? (values.includes(null) ? null : readDefault(field));
  };
  const optional = (field: string): number | null => {
    const value = lookUp(field);
    // Older configurations use -1 for a missing token.
    return value === null || value === -1 ? null : checkInteger(value, field, TOKEN);
  };
  const own = checkingFile('checkpoint', generation.name, () =>
    parseEndTokens(generation.json['eos_token_id']),
  );
  const eos = own.length > 0 ? own : parseEndTokens(lookUp('eos_token_id'));
  return {
    tokens: {
      bos: optional('bos_token_id'),
      eos,
      pad: optional('pad_token_id'),
    },
    notes: own.length > 0 ? [] : [noteOnMissingEnd(generation.name, eos)],
  };
}

function parseEndTokens(value: unknown): number[] {
  if (value === undefined || value === null) return [];
  const ids = Array.isArray(value) ? value : [value];
  return checkList(ids, 'eos_token_id', MAX_END_TOKENS, (id, label) =>
    checkInteger(id, label, { ...TOKEN, min: -1 }),
  ).filter((id) => id >= 0);
}

function noteOnMissingEnd(file: string, fallback: readonly number[]): string {
  return fallback.length > 0
    ? `${file}: eos_token_id is missing; answers end at token ${fallback.join(', ')} of config.json or of the class of the model.`
    : `${file}: eos_token_id is missing, in config.json too; answers end at max_tokens only. Add the field and convert again.`;
}

/** Tokens that end a turn in published chat templates. */
const END_OF_TURN: readonly string[] = [
  ...['<|im_end|>', '<|eot_id|>', '<end_of_turn>', '<|end|>', '<|endofturn|>', '<|eot|>'],
  ...['<|END_OF_TURN_TOKEN|>', '<|end_of_text|>', '<|endoftext|>', '</s>'],
];

/**
 * A sentence about a chat template whose turns end with a token that does not end an answer: the model then goes on to
 * write the next turn. transformers does the same.
 *
 * @param tokenizer `tokenizer.json`.
 * @param tokenizerConfig `tokenizer_config.json`; its `eos_token` is a variable of the template.
 */
export function notesOnEndOfTurn(
  chatTemplate: string | null,
  tokenizer: JsonObject,
  tokenizerConfig: JsonObject,
  eos: readonly number[],
): string[] {
  if (chatTemplate === null) return [];
  const eosToken = contentOf(tokenizerConfig['eos_token']);
  const ends = addedTokens(tokenizer).filter(
    ({ content }) =>
      (END_OF_TURN.includes(content) && chatTemplate.includes(content)) ||
      (content === eosToken && /\beos_token\b/.test(chatTemplate)),
  );
  const [first] = ends;
  if (!first || ends.some(({ id }) => eos.includes(id))) return [];
  return [
    `The chat template ends a turn with token ${first.id}${quote(first.content)}, which is no eos_token_id; answers may run on, as in transformers. Add ${first.id} to eos_token_id in generation_config.json and convert again.`,
  ];
}

/** Only printable ASCII is repeated: the token comes from the file. */
function quote(content: string): string {
  return /^[!-~]{1,40}$/.test(content) ? ` (${content})` : '';
}

function addedTokens({ added_tokens: list }: JsonObject): { id: number; content: string }[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((token: { id?: unknown; content?: unknown } | null) =>
    typeof token?.id === 'number' && typeof token.content === 'string'
      ? [{ id: token.id, content: token.content }]
      : [],
  );
}

/** Special tokens are strings or objects with `content`. */
function contentOf(token: unknown): unknown {
  return typeof token === 'object' && token !== null && 'content' in token ? token.content : token;
}
