import { randomBytes } from 'node:crypto';

import { SalamandraError } from '../errors/salamandra-error.js';
import { invalidModel } from '../models/package/invalid-model.js';
import type { TemplateMessage, Tokenizer } from './tokenizer.js';
import type { ControlToken } from './tokenizer-json.js';

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

/** A segment of a rendered conversation. Control tokens come from the template only, never from user text. */
export type RenderedSegment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'control'; readonly token: ControlToken };

/** Whether a template expects the content of a role as a list of parts or as a string. */
type ContentStyle = 'parts' | 'text';

type RenderTemplate = NonNullable<Tokenizer['renderTemplate']>;

/** Probed once per tokenizer. */
const stylesByTokenizer = new WeakMap<Tokenizer, Readonly<Record<ChatRole, ContentStyle>>>();

/**
 * Renders a conversation with the checkpoint's chat template (Jinja) and splits the result at control tokens.
 *
 * Every text is replaced by a random placeholder while the template runs and restored after the split. User text can
 * therefore neither become a control token nor influence the template. Only the white space around a text passes
 * through the template, because templates may trim it.
 *
 * @throws INVALID_REQUEST if the model has no chat template, or the template rejects the messages (roles that do not
 *   alternate, for instance)
 * @throws MODEL_INVALID if the template renders no user text
 */
export function renderChat(
  messages: readonly ChatMessage[],
  tokenizer: Tokenizer,
): RenderedSegment[] {
  const { renderTemplate } = tokenizer;
  if (!renderTemplate) throw noChatTemplate();
  const styles = contentStyles(tokenizer, renderTemplate);
  const placeholders = createPlaceholders();
  const rendered = renderOrRefuse(
    renderTemplate,
    messages.map(({ role, content }) => ({
      role,
      content: toTemplateContent(content, styles[role], tokenizer, placeholders.hide),
    })),
  );
  return splitAtControlTokens(rendered, tokenizer.controlTokens, placeholders.restore);
}

/** The error for messages to a base model, which only completes text. */
export function noChatTemplate(): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    'The model has no chat template, so it only completes text. Use /v1/completions or `salamandra complete`, or load a chat model.',
  );
}

function renderOrRefuse(renderTemplate: RenderTemplate, messages: TemplateMessage[]): string {
  try {
    return renderTemplate(messages);
  } catch (cause) {
    throw new SalamandraError(
      'INVALID_REQUEST',
      'The chat template of the model rejects these messages. Alternate the roles "user" and "assistant", starting with "user".',
      { cause },
    );
  }
}

function toTemplateContent(
  parts: readonly ChatPart[],
  style: ContentStyle,
  { imageToken, videoToken }: Pick<Tokenizer, 'imageToken' | 'videoToken'>,
  hide: (text: string) => string,
): TemplateMessage['content'] {
  if (style === 'parts') {
    return parts.map((part): Record<string, string> =>
      part.type === 'text' ? { type: 'text', text: hide(part.text) } : { type: part.type },
    );
  }
  // Templates for string content have no media parts: use the placeholder tokens of the training data.
  const markers = { image: `${imageToken}\n`, video: `${videoToken}\n` };
  return parts
    .map((part) => (part.type === 'text' ? hide(part.text) : markers[part.type]))
    .join('');
}

interface Placeholders {
  readonly hide: (text: string) => string;
  readonly restore: (rendered: string) => string;
}

function createPlaceholders(): Placeholders {
  const nonce = randomBytes(16).toString('hex');
  const hidden: string[] = [];
  const pattern = new RegExp(`q${nonce}x(\\d+)q`, 'g');
  return {
    hide(text) {
      const core = text.trim();
      if (core === '') return text;
      const start = text.indexOf(core);
      hidden.push(core);
      return `${text.slice(0, start)}q${nonce}x${hidden.length - 1}q${text.slice(start + core.length)}`;
    },
    restore: (rendered) =>
      rendered.replace(pattern, (_, index: string) => hidden[Number(index)] ?? ''),
  };
}

function splitAtControlTokens(
  rendered: string,
  controlTokens: ReadonlyMap<string, ControlToken>,
  restore: (text: string) => string,
): RenderedSegment[] {
  // Longest first: a token may be a prefix of another.
  const contents = [...controlTokens.keys()].sort((a, b) => b.length - a.length);
  if (contents.length === 0) return [{ kind: 'text', text: restore(rendered) }];
  const pattern = new RegExp(`(${contents.map(escapeRegExp).join('|')})`);
  const segments = rendered.split(pattern).map((text) => ({
    token: controlTokens.get(text),
    text,
  }));
  return segments.flatMap(({ token, text }, index): RenderedSegment[] => {
    if (token) return [{ kind: 'control', token }];
    let restored = restore(text);
    if (segments[index - 1]?.token?.stripsRight) restored = restored.trimStart();
    if (segments[index + 1]?.token?.stripsLeft) restored = restored.trimEnd();
    return restored === '' ? [] : [{ kind: 'text', text: restored }];
  });
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/**
 * Probes the content style of each role. A list of parts is tried first, because vision templates expect it. A template
 * for strings either fails on a list or prints it literally, so that the extra field of the probe appears in the
 * output.
 */
function contentStyles(
  tokenizer: Tokenizer,
  renderTemplate: RenderTemplate,
): Readonly<Record<ChatRole, ContentStyle>> {
  const known = stylesByTokenizer.get(tokenizer);
  if (known) return known;
  const user = probeStyle(renderTemplate, (content) => [{ role: 'user', content }]);
  if (!user) throw invalidModel('the chat template renders no user message');
  const plainUser = {
    role: 'user',
    content: user === 'parts' ? [{ type: 'text', text: 'a' }] : 'a',
  };
  const styles = {
    user,
    // A role that the template rejects gets the user's style. A request that uses the role is rejected by `renderChat`.
    assistant:
      probeStyle(renderTemplate, (content) => [
        plainUser,
        { role: 'assistant', content },
        plainUser,
      ]) ?? user,
    system:
      probeStyle(renderTemplate, (content) => [{ role: 'system', content }, plainUser]) ?? user,
  };
  stylesByTokenizer.set(tokenizer, styles);
  return styles;
}

function probeStyle(
  renderTemplate: RenderTemplate,
  conversation: (content: TemplateMessage['content']) => TemplateMessage[],
): ContentStyle | undefined {
  const [text, marker] = ['probetext', 'probemarker'];
  const render = (content: TemplateMessage['content']): string => {
    try {
      return renderTemplate(conversation(content));
    } catch {
      return '';
    }
  };
  const withParts = render([{ type: 'text', text, marker }]);
  if (withParts.includes(text) && !withParts.includes(marker)) return 'parts';
  return render(text).includes(text) ? 'text' : undefined;
}
