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

/** One turn of a conversation; its parts in the order they were said. */
export interface ChatMessage {
  readonly role: ChatRole;
  readonly content: readonly ChatPart[];
}

/** A stretch of a rendered conversation. Control tokens come from the template alone. */
export type RenderedSegment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'control'; readonly token: ControlToken };

/** Whether a template reads the content of a role as a list of parts or as one text. */
type ContentStyle = 'parts' | 'text';

type RenderTemplate = NonNullable<Tokenizer['renderTemplate']>;

/** Which style each role takes, found out once for each tokenizer. */
const stylesByTokenizer = new WeakMap<Tokenizer, Readonly<Record<ChatRole, ContentStyle>>>();

/**
 * Renders a conversation with the checkpoint's template and cuts the result at control tokens. While the template runs,
 * a random word stands for every text, so that nothing a user wrote can pass for a control token or steer the
 * template; the words are put back after the cut. White space around a text does go through the template,
 * because templates may trim it.
 *
 * @throws INVALID_REQUEST when the model has no template, or it refuses the conversation (roles that do not alternate,
 *   for instance).
 * @throws MODEL_INVALID when the template renders no user text at all.
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
  return cutAtControlTokens(rendered, tokenizer.controlTokens, placeholders.restore);
}

/** What is said to a conversation with a model that was trained on none. */
export function noChatTemplate(): SalamandraError {
  return new SalamandraError(
    'INVALID_REQUEST',
    'The model has no chat template: it goes on with a text and answers no messages.',
  );
}

function renderOrRefuse(renderTemplate: RenderTemplate, messages: TemplateMessage[]): string {
  try {
    return renderTemplate(messages);
  } catch (cause) {
    throw new SalamandraError(
      'INVALID_REQUEST',
      "The model's chat template refuses this order of messages.",
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
  // A template that reads plain text knows no media: they are written as the model saw them in training.
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

function cutAtControlTokens(
  rendered: string,
  controlTokens: ReadonlyMap<string, ControlToken>,
  restore: (text: string) => string,
): RenderedSegment[] {
  // Longest first, so that a token that begins with another one wins.
  const contents = [...controlTokens.keys()].sort((a, b) => b.length - a.length);
  if (contents.length === 0) return [{ kind: 'text', text: restore(rendered) }];
  const pattern = new RegExp(`(${contents.map(escapeRegExp).join('|')})`);
  const stretches = rendered.split(pattern).map((stretch) => ({
    token: controlTokens.get(stretch),
    text: stretch,
  }));
  return stretches.flatMap(({ token, text }, index): RenderedSegment[] => {
    if (token) return [{ kind: 'control', token }];
    let restored = restore(text);
    if (stretches[index - 1]?.token?.stripsRight) restored = restored.trimStart();
    if (stretches[index + 1]?.token?.stripsLeft) restored = restored.trimEnd();
    return restored === '' ? [] : [{ kind: 'text', text: restored }];
  });
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/**
 * Finds out how a template reads each role. Parts come first: they are what a vision template takes. A template for
 * plain text either fails on a list or prints it whole, and then the extra field of the probe shows.
 */
function contentStyles(
  tokenizer: Tokenizer,
  renderTemplate: RenderTemplate,
): Readonly<Record<ChatRole, ContentStyle>> {
  const known = stylesByTokenizer.get(tokenizer);
  if (known) return known;
  const user = probeStyle(renderTemplate, (content) => [{ role: 'user', content }]);
  if (!user) throw invalidModel('its chat template renders no user message');
  const plainUser = {
    role: 'user',
    content: user === 'parts' ? [{ type: 'text', text: 'a' }] : 'a',
  };
  const styles = {
    user,
    // A role that the template refuses keeps the user's style; the request that needs it is refused in turn.
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
