import { SalamandraError } from '../errors/salamandra-error.js';
import { invalidModel } from '../models/package/invalid-model.js';
import { compileTemplate } from './jinja/template.js';
import { TemplateError, fromJson, text, type Value } from './jinja/values.js';
import { TaintedText } from './tainted-text.js';

type ChatRole = 'system' | 'user' | 'assistant';

export type ChatPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image' }
  | { readonly type: 'video' };

/** A message of a conversation, with its parts in order. */
export interface ChatMessage {
  readonly role: ChatRole;
  readonly content: readonly ChatPart[];
}

/** Variables that a client gives to the template, such as `date_string`: plain JSON values. */
export type TemplateVariables = Readonly<Record<string, unknown>>;

/** Variables that the service sets itself. Special tokens from a client would be plain text and match nothing. */
export const RESERVED_VARIABLES: ReadonlySet<string> = new Set([
  ...['messages', 'tools', 'documents', 'add_generation_prompt', 'continue_final_message'],
  ...['bos_token', 'eos_token', 'unk_token', 'pad_token', 'sep_token', 'cls_token', 'mask_token'],
]);

type MediaKind = 'image' | 'video';

/** The control token that stands for an image or a video in the rendered template; `null` if the model has none. */
export type Placeholders = Readonly<Record<MediaKind, string | null>>;

/** Whether a template expects the content of a role as a list of parts or as a string. */
type ContentStyle = 'parts' | 'text';

/** How a template expects its messages. */
interface MessageStyle {
  readonly roles: Readonly<Record<ChatRole, ContentStyle>>;
  /** The `type` of media parts. */
  readonly media: Readonly<Record<MediaKind, MediaSpelling>>;
}

/** `image`, as transformers has it, or `image_url`, as OpenAI's API has it. */
type MediaSpelling = 'plain' | 'url';

/** A message in the format of the template. */
interface TemplateMessage {
  readonly role: string;
  readonly content: unknown;
}

/** The chat template of a model. */
export interface ChatTemplate {
  /**
   * Renders a conversation with a generation prompt. The result knows which characters the client wrote.
   *
   * @throws INVALID_REQUEST if the template rejects the messages, with its reason
   */
  render(messages: readonly ChatMessage[], variables?: TemplateVariables): TaintedText;
}

/**
 * Compiles a chat template and finds out how it expects messages: by rendering probes, once.
 *
 * @param specialTokens `bos_token` and the others, which the template may print
 * @throws MODEL_INVALID with the template's own error if it cannot be compiled, or renders no user message
 */
export function createChatTemplate(
  source: string,
  specialTokens: Readonly<Record<string, string>>,
  placeholders: Placeholders,
): ChatTemplate {
  const template = failingAs(invalidTemplate, () => compileTemplate(source));
  const renderMessages = (
    messages: readonly TemplateMessage[],
    variables: Readonly<Record<string, Value>> = {},
  ): TaintedText =>
    template.render({
      tools: null,
      documents: null,
      add_generation_prompt: true,
      ...fromRecord(specialTokens),
      ...variables,
      messages: messages.map((message) => fromJson(message)),
    });
  const style = probeStyle(renderMessages, placeholders);
  return {
    render: (messages, variables = {}) =>
      failingAs(rejectedMessages, () =>
        renderMessages(
          messages.map(({ role, content }) => ({
            role,
            content: toTemplateContent(content, style, style.roles[role], placeholders),
          })),
          fromRecord(variables, (value) => TaintedText.fromUser(value)),
        ),
      ),
  };
}

function fromRecord(
  record: TemplateVariables,
  toText: (value: string) => TaintedText = text,
): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, fromJson(value, toText)]),
  );
}

/** The error for messages to a base model, which only completes text. */
export function noChatTemplate(): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    'The model has no chat template, so it only completes text. Use /v1/completions or `salamandra complete`, or load a chat model.',
  );
}

function failingAs<T>(toError: (error: TemplateError) => Error, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof TemplateError) throw toError(error);
    // A template that nests too deeply.
    if (error instanceof RangeError) throw toError(new TemplateError('it nests too deeply'));
    throw error;
  }
}

function invalidTemplate(error: TemplateError): Error {
  return invalidModel(`the chat template cannot be used: ${quoteError(error)}`, error);
}

function rejectedMessages(cause: TemplateError): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    `The chat template of the model rejects these messages: ${quoteError(cause)}. Change the messages; most templates expect the roles "user" and "assistant" in turn, after an optional system message.`,
    { cause },
  );
}

/** The message of a template's error comes from the model's files: it is shortened, and printed in one line. */
function quoteError({ message }: TemplateError): string {
  const plain = message.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  const short = plain.length > 200 ? `${plain.slice(0, 200)}…` : plain;
  return `"${short.replace(/\.$/, '')}"`;
}

function toTemplateContent(
  parts: readonly ChatPart[],
  style: MessageStyle,
  contentStyle: ContentStyle,
  placeholders: Placeholders,
): unknown {
  if (contentStyle === 'parts') {
    return parts.map((part) =>
      part.type === 'text'
        ? { type: 'text', text: TaintedText.fromUser(part.text) }
        : spellMedia(part.type, style.media[part.type]),
    );
  }
  // Templates for string content have no media parts: use the placeholder tokens of the training data.
  return TaintedText.concat(
    parts.map((part) =>
      part.type === 'text'
        ? TaintedText.fromUser(part.text)
        : TaintedText.fromTemplate(`${placeholders[part.type] ?? ''}\n`),
    ),
  );
}

function spellMedia(kind: MediaKind, spelling: MediaSpelling): Record<string, unknown> {
  if (spelling === 'plain') return { type: kind };
  const type = `${kind}_url`;
  return { type, [type]: { url: '' } };
}

type RenderMessages = (messages: readonly TemplateMessage[]) => TaintedText;

/**
 * Probes the content style of each role. Vision templates expect a list of parts, which is tried first for them; text
 * models are given strings. A template for strings either fails on a list or prints it literally, so that the extra
 * field of the probe appears in the output.
 */
function probeStyle(render: RenderMessages, placeholders: Placeholders): MessageStyle {
  const order: readonly ContentStyle[] =
    placeholders.image === null ? ['text', 'parts'] : ['parts', 'text'];
  const errors: TemplateError[] = [];
  const probe = (conversation: (content: unknown) => TemplateMessage[]) =>
    order.find((style) => rendersText(render, conversation, style, errors));

  const user =
    probe((content) => [{ role: 'user', content }]) ??
    // Some templates demand a system message.
    order.find((style) =>
      rendersText(
        render,
        (content) => [
          { role: 'system', content: plainContent(style) },
          { role: 'user', content },
        ],
        style,
        errors,
      ),
    );
  if (!user) {
    throw invalidTemplate(errors[0] ?? new TemplateError('it does not print the text of a user'));
  }
  const plainUser = { role: 'user', content: plainContent(user) };
  const roles = {
    user,
    // A role that the template rejects gets the user's style. A request that uses the role is rejected by `render`.
    assistant: probe((content) => [plainUser, { role: 'assistant', content }, plainUser]) ?? user,
    system: probe((content) => [{ role: 'system', content }, plainUser]) ?? user,
  };
  const media = {
    image: probeSpelling(render, 'image', placeholders),
    video: probeSpelling(render, 'video', placeholders),
  };
  return { roles, media };
}

const plainContent = (style: ContentStyle): unknown =>
  style === 'parts' ? [{ type: 'text', text: 'a' }] : 'a';

function rendersText(
  render: RenderMessages,
  conversation: (content: unknown) => TemplateMessage[],
  style: ContentStyle,
  errors: TemplateError[],
): boolean {
  const [probe, marker] = ['probetext', 'probemarker'];
  try {
    const content = style === 'parts' ? [{ type: 'text', text: probe, marker }] : probe;
    const rendered = render(conversation(content)).text;
    return rendered.includes(probe) && !rendered.includes(marker);
  } catch (error) {
    if (!(error instanceof TemplateError || error instanceof RangeError)) throw error;
    errors.push(error instanceof TemplateError ? error : new TemplateError('it nests too deeply'));
    return false;
  }
}

/** The first spelling for which the template places the placeholder once; `plain` if there is none. */
function probeSpelling(
  render: RenderMessages,
  kind: MediaKind,
  placeholders: Placeholders,
): MediaSpelling {
  const token = placeholders[kind];
  if (token === null) return 'plain';
  const places = (spelling: MediaSpelling): boolean => {
    const content = [spellMedia(kind, spelling), { type: 'text', text: 'a' }];
    try {
      return render([{ role: 'user', content }]).text.split(token).length === 2;
    } catch {
      return false;
    }
  };
  return !places('plain') && places('url') ? 'url' : 'plain';
}
