import { SalamandraError } from '../../errors/salamandra-error.js';
import {
  type CompletionKind,
  parseModelList,
  parseServerAnswer,
  type ServerAnswer,
} from './server-answer.js';

/**
 * Milliseconds until the complete reply of a server that `verify --against` asks: a large model on CPUs takes a minute
 * for an image.
 */
const SERVER_REPLY_MS = 240_000;

/** Bytes of a reply of that server: log-probabilities of a few tokens. */
export const MAX_SERVER_REPLY_BYTES = 16_000_000;

/** An OpenAI-compatible server. The URL is the user's own, so plain http is allowed. */
export interface ServerAddress {
  /** Base of the routes, with or without `/v1`. */
  readonly url: string;
  /** Sent as a bearer token. */
  readonly apiKey: string | null;
  /** The model to ask; `null` for the only one that the server lists. */
  readonly model: string | null;
}

/** The content of a prompt: the body's `messages`, or its `prompt`. */
export type ServerPrompt =
  | { readonly kind: 'chat'; readonly messages: readonly object[] }
  | { readonly kind: 'text'; readonly prompt: string };

export interface ServerClient {
  readonly model: string;
  /**
   * Asks for a greedy answer with log-probabilities.
   *
   * @throws SERVER_UNAVAILABLE, UNAUTHENTICATED, FORBIDDEN, MODEL_NOT_FOUND, INVALID_REQUEST; the signal's reason.
   */
  complete(prompt: ServerPrompt, maxTokens: number): Promise<ServerAnswer>;
}

/**
 * Parameters beyond OpenAI's. vLLM applies the penalties of generation_config.json unless told otherwise, and names
 * tokens by id on request. A server that rejects unknown parameters is asked again with fewer of them.
 */
const EXTENSIONS: readonly object[] = [
  { repetition_penalty: 1, return_token_ids: true, return_tokens_as_token_ids: true },
  { repetition_penalty: 1 },
  {},
];

const ROUTES: Readonly<Record<CompletionKind, string>> = {
  chat: 'chat/completions',
  text: 'completions',
};

/** Longest message of a server that is repeated. */
const MAX_MESSAGE = 200;

/** Rejections that fewer parameters may avoid. */
const REJECTED_PARAMETERS = [400, 422];

/** @throws INVALID_PARAMETER for an unusable URL; the errors of `complete`. */
export async function connectToServer(
  { url, apiKey, model: wanted }: ServerAddress,
  signal: AbortSignal,
): Promise<ServerClient> {
  const base = parseBaseUrl(url);
  const send = (route: string, body: object | null) =>
    request(`${base}/${route}`, body, apiKey, signal);
  const model = chooseModel(wanted, await listModels(send));
  let extensions = 0;
  return {
    model,
    async complete(prompt, maxTokens) {
      const { kind, ...content } = prompt;
      for (;;) {
        const body = {
          ...{ model, ...content, ...EXTENSIONS[extensions] },
          ...{ temperature: 0, top_p: 1, max_tokens: maxTokens, stream: false },
          ...(kind === 'chat' ? { logprobs: true, top_logprobs: 1 } : { logprobs: 1 }),
        };
        const reply = await send(ROUTES[kind], body);
        if (reply.ok) return parseServerAnswer(reply.body, kind);
        if (!REJECTED_PARAMETERS.includes(reply.status) || extensions + 1 >= EXTENSIONS.length) {
          throw failedStatus(reply, apiKey);
        }
        extensions += 1;
      }
    },
  };
}

type Send = (route: string, body: object | null) => Promise<Reply>;

/** `null` if the server has no such route. */
async function listModels(send: Send): Promise<string[] | null> {
  const reply = await send('models', null);
  if (reply.ok) return parseModelList(reply.body);
  if (reply.status === 404 || reply.status === 405) return null;
  throw failedStatus(reply, null);
}

function chooseModel(wanted: string | null, listed: readonly string[] | null): string {
  const names = listed?.map(quote).join(', ') ?? '';
  if (wanted !== null) {
    if (listed === null || listed.length === 0 || listed.includes(wanted)) return wanted;
    throw new SalamandraError(
      'MODEL_NOT_FOUND',
      `The server has no model ${quote(wanted)}. It lists: ${names}. Pass one of them with --against-model.`,
    );
  }
  const [only, ...others] = listed ?? [];
  if (only !== undefined && others.length === 0) return only;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    listed === null || only === undefined
      ? 'The server lists no models. Name one with --against-model.'
      : `The server lists several models: ${names}. Choose one with --against-model.`,
  );
}

/** The URL up to and including `/v1`, without a slash at the end. @throws INVALID_PARAMETER */
export function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'The URL of --against must start with http:// or https://, for example http://127.0.0.1:8000/v1.',
    );
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new SalamandraError(
      'INVALID_PARAMETER',
      'The URL of --against must contain no user name, password or query. Set OPENAI_API_KEY for the key of the server.',
    );
  }
  const path = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${path.endsWith('/v1') ? path : `${path}/v1`}`;
}

type Reply =
  | { readonly ok: true; readonly body: unknown }
  | { readonly ok: false; readonly status: number; readonly message: string };

async function request(
  url: string,
  body: object | null,
  apiKey: string | null,
  signal: AbortSignal,
): Promise<Reply> {
  const deadline = AbortSignal.timeout(SERVER_REPLY_MS);
  try {
    const response = await fetch(url, {
      method: body === null ? 'GET' : 'POST',
      headers: {
        Accept: 'application/json',
        ...(body !== null && { 'Content-Type': 'application/json' }),
        ...(apiKey !== null && { Authorization: `Bearer ${apiKey}` }),
      },
      // A redirect could send the key and the prompts elsewhere.
      redirect: 'error',
      signal: AbortSignal.any([signal, deadline]),
      ...(body !== null && { body: JSON.stringify(body) }),
    });
    const text = await readText(response);
    if (response.ok) return { ok: true, body: parseJson(text) };
    return { ok: false, status: response.status, message: messageIn(text) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof SalamandraError) throw error;
    throw deadline.aborted ? tookTooLong() : brokenConnection(error);
  }
}

async function readText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  if (body === null) return '';
  for await (const part of body) {
    bytes += part.length;
    if (bytes > MAX_SERVER_REPLY_BYTES) {
      throw unusable(`The reply of the server is larger than ${MAX_SERVER_REPLY_BYTES} bytes.`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw unusable('The reply of the server is not JSON. Check the URL.', cause);
  }
}

/** The message of an error in OpenAI's form, FastAPI's `detail`, or the text itself. */
function messageIn(text: string): string {
  let message: unknown = text;
  try {
    const { error, detail, message: own } = JSON.parse(text) as Record<string, unknown>;
    message = (error as { message?: unknown } | undefined)?.message ?? detail ?? own ?? text;
  } catch {
    // Not JSON: the text itself.
  }
  const line = (typeof message === 'string' ? message : JSON.stringify(message)).replace(
    /\s+/g,
    ' ',
  );
  return quote(line.trim());
}

function failedStatus(
  { status, message }: Extract<Reply, { readonly ok: false }>,
  apiKey: string | null,
): SalamandraError {
  const said = message === '""' ? '' : ` It says: ${message}`;
  switch (status) {
    case 401:
      return new SalamandraError(
        'UNAUTHENTICATED',
        apiKey === null
          ? `The server requires an API key (HTTP 401). Set OPENAI_API_KEY, or pass --api-key.${said}`
          : `The server does not accept the API key (HTTP 401).${said}`,
      );
    case 403:
      return new SalamandraError('FORBIDDEN', `The server denies access (HTTP 403).${said}`);
    case 404:
      return new SalamandraError(
        'MODEL_NOT_FOUND',
        `The server has no such model or route (HTTP 404). Check the URL and --against-model.${said}`,
      );
    case 429:
      return new SalamandraError(
        'RATE_LIMITED',
        `The server limits the request rate (HTTP 429). Try again later.${said}`,
      );
    default:
      return status >= 500
        ? new SalamandraError('SERVER_UNAVAILABLE', `The server failed (HTTP ${status}).${said}`)
        : new SalamandraError(
            'INVALID_REQUEST',
            `The server rejects the request (HTTP ${status}).${said}`,
          );
  }
}

const UNTRUSTED = [
  ...['DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'CERT_HAS_EXPIRED'],
  ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'],
  'ERR_TLS_CERT_ALTNAME_INVALID',
];

/** `fetch` wraps the error of the connection. */
function brokenConnection(error: unknown): SalamandraError {
  const cause = (error as { cause?: { code?: unknown; message?: unknown } }).cause;
  const code = typeof cause?.code === 'string' ? cause.code : '';
  if (UNTRUSTED.includes(code)) {
    return unusable(
      `The TLS certificate of the server is not trusted (${code}). For a certificate of your own, set NODE_EXTRA_CA_CERTS to the file of its CA.`,
      error,
    );
  }
  if (cause?.message === 'unexpected redirect') {
    return unusable('The server redirects the request. Pass the URL that it redirects to.', error);
  }
  return new SalamandraError(
    'SERVER_UNAVAILABLE',
    `The server cannot be reached${code === '' ? '' : ` (${code})`}. Check the URL and that the server is running.`,
    { cause: error },
  );
}

function tookTooLong(): SalamandraError {
  return new SalamandraError(
    'SERVER_UNAVAILABLE',
    `The server sent no complete reply within ${SERVER_REPLY_MS / 1000} s.`,
  );
}

function unusable(message: string, cause?: unknown): SalamandraError {
  const options = { retryable: false, ...(cause !== undefined && { cause }) };
  return new SalamandraError('SERVER_UNAVAILABLE', message, options);
}

/** A string of the server in quotation marks: printable ASCII and letters only, shortened. */
function quote(text: string): string {
  const safe = text.replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '?');
  return JSON.stringify(safe.length > MAX_MESSAGE ? `${safe.slice(0, MAX_MESSAGE)}…` : safe);
}
