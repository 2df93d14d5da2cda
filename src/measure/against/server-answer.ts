import { SalamandraError } from '../../errors/salamandra-error.js';

/** One position of a server's answer. */
interface ServerToken {
  readonly chosen: TokenName;
  /** The server's most likely token, if it tells. */
  readonly top: TokenName | null;
  /** Natural logarithm of the chosen token's probability. */
  readonly logprob: number;
}

/** A token as a server names it: an id, or its text. */
export type TokenName =
  | { readonly kind: 'id'; readonly id: number }
  | { readonly kind: 'text'; readonly bytes: readonly number[] };

/** The answer of a server to one prompt. */
export interface ServerAnswer {
  readonly text: string;
  /** `null` if the server sends no log-probabilities. */
  readonly tokens: readonly ServerToken[] | null;
  readonly end: 'stop' | 'length' | 'other';
  /** Tokens of the prompt, visual tokens included; `null` if the server does not tell. */
  readonly promptTokens: number | null;
}

/** `chat` for `/chat/completions`, `text` for `/completions`. */
export type CompletionKind = 'chat' | 'text';

type Json = Readonly<Record<string, unknown>>;

/** vLLM with `return_tokens_as_token_ids`. */
const TOKEN_ID = /^token_id:(\d{1,9})$/;

/**
 * Parses a `chat.completion` or `text_completion` object. vLLM's `token_ids` and `token_id:N` name tokens by id, other
 * servers by `bytes` or text.
 *
 * @throws SERVER_UNAVAILABLE if a field that is needed is missing or has another type.
 */
export function parseServerAnswer(body: unknown, kind: CompletionKind): ServerAnswer {
  const reply = objectIn(body, 'the reply');
  const choice = objectIn(listIn(reply['choices'], 'choices')[0], 'choices[0]');
  const text = kind === 'chat' ? objectIn(choice['message'], 'message')['content'] : choice['text'];
  const { usage } = reply;
  const promptTokens = isObject(usage) ? usage['prompt_tokens'] : null;
  const end = choice['finish_reason'];
  return {
    // vLLM sends null for an empty answer.
    text: text === null ? '' : stringIn(text, 'the text of the answer'),
    tokens: parseTokens(choice, kind),
    end: end === 'stop' || end === 'length' ? end : 'other',
    promptTokens: Number.isSafeInteger(promptTokens) ? (promptTokens as number) : null,
  };
}

/** The ids in the reply of `GET /models`. @throws SERVER_UNAVAILABLE */
export function parseModelList(body: unknown): string[] {
  return listIn(objectIn(body, 'the list of models')['data'], 'data').map((item) =>
    stringIn(objectIn(item, 'a model')['id'], 'the id of a model'),
  );
}

function parseTokens(choice: Json, kind: CompletionKind): ServerToken[] | null {
  const logprobs = choice['logprobs'];
  if (!isObject(logprobs)) return null;
  const tokens = kind === 'chat' ? parseChatTokens(logprobs) : parseTextTokens(logprobs);
  if (tokens === null) return null;
  const ids = choice['token_ids'];
  if (!Array.isArray(ids) || ids.length !== tokens.length) return tokens;
  return tokens.map((token, index) => {
    const id: unknown = ids[index];
    return Number.isSafeInteger(id)
      ? { ...token, chosen: { kind: 'id', id: id as number } }
      : token;
  });
}

function parseChatTokens(logprobs: Json): ServerToken[] | null {
  const { content } = logprobs;
  if (content === null || content === undefined) return null;
  return listIn(content, 'logprobs.content').map((item) => {
    const entry = objectIn(item, 'logprobs.content');
    const top = Array.isArray(entry['top_logprobs']) ? (entry['top_logprobs'] as unknown[]) : [];
    return {
      chosen: nameToken(entry['token'], entry['bytes']),
      top: topOf(top.filter(isObject)),
      logprob: numberIn(entry['logprob'], 'logprob'),
    };
  });
}

/** The form of `/completions`: parallel lists, and an object of alternatives for each position. */
function parseTextTokens(logprobs: Json): ServerToken[] | null {
  if (!Array.isArray(logprobs['tokens'])) return null;
  const values = listIn(logprobs['token_logprobs'], 'token_logprobs');
  const tops = Array.isArray(logprobs['top_logprobs'])
    ? (logprobs['top_logprobs'] as unknown[])
    : [];
  return (logprobs['tokens'] as unknown[]).map((token, index) => {
    const alternatives = isObject(tops[index]) ? Object.entries(tops[index]) : [];
    return {
      chosen: nameToken(token, null),
      top: topOf(alternatives.map(([name, logprob]) => ({ token: name, logprob }))),
      logprob: numberIn(values[index], 'token_logprobs'),
    };
  });
}

/** Servers sort by probability, with the chosen token first in some versions of vLLM. */
function topOf(alternatives: readonly Json[]): TokenName | null {
  const [first, ...others] = alternatives;
  if (!first) return null;
  const best = others.reduce(
    (top, one) => (Number(one['logprob']) > Number(top['logprob']) ? one : top),
    first,
  );
  return nameToken(best['token'], best['bytes']);
}

function nameToken(token: unknown, bytes: unknown): TokenName {
  const text = stringIn(token, 'token');
  const id = TOKEN_ID.exec(text)?.[1];
  if (id !== undefined) return { kind: 'id', id: Number(id) };
  const given = Array.isArray(bytes) ? (bytes as unknown[]) : [...Buffer.from(text)];
  return { kind: 'text', bytes: given.map((byte) => numberIn(byte, 'bytes')) };
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectIn(value: unknown, label: string): Json {
  if (!isObject(value)) throw malformed(label, 'an object');
  return value;
}

function listIn(value: unknown, label: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(label, 'a list');
  return value;
}

function stringIn(value: unknown, label: string): string {
  if (typeof value !== 'string') throw malformed(label, 'a string');
  return value;
}

function numberIn(value: unknown, label: string): number {
  if (typeof value !== 'number') throw malformed(label, 'a number');
  return value;
}

function malformed(label: string, rule: string): SalamandraError {
  return new SalamandraError(
    'SERVER_UNAVAILABLE',
    `The reply of the server is not in OpenAI's format: ${label} must be ${rule}. Check the URL.`,
    { retryable: false },
  );
}
