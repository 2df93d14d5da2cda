import { readFile } from 'node:fs/promises';

import { TaintedText } from '../tainted-text.js';
import { compileTemplate } from './template.js';
import { TemplateError, fromJson, text } from './values.js';

interface Golden {
  conversations: Record<string, unknown>;
  templates: { name: string; template: string; rendered: (string | null)[] }[];
  expressions: { expression: string; printed: string | null }[];
}

/** What transformers prints; `null` where it raises an error. */
const golden = JSON.parse(
  await readFile('test/golden/chat-templates/golden.json', 'utf8'),
) as Golden;
const conversations = Object.entries(golden.conversations);

const SPECIAL = { bos_token: '<s>', eos_token: '</s>', unk_token: '<unk>', pad_token: '<pad>' };

function render(template: string, messages: unknown): TaintedText | null {
  const special = Object.entries(SPECIAL).map(([name, token]) => [name, text(token)]);
  try {
    return compileTemplate(template).render({
      ...{ tools: null, documents: null, add_generation_prompt: true },
      ...(Object.fromEntries(special) as Record<string, TaintedText>),
      messages: fromJson(messages, (value) => TaintedText.fromUser(value)),
    });
  } catch (error) {
    if (error instanceof TemplateError) return null;
    throw error;
  }
}

describe('compileTemplate', () => {
  it.each(golden.templates.map(({ name, ...one }) => [name, one] as const))(
    'renders as transformers does: %s',
    (_, { template, rendered }) => {
      const results = conversations.map(([, messages]) => render(template, messages)?.text ?? null);

      expect(results).toEqual(rendered);
    },
  );

  it.each(golden.expressions.map(({ expression, printed }) => [expression, printed] as const))(
    'prints %s as Jinja does',
    (expression, printed) => {
      expect(render(`{{ ${expression} }}`, [])?.text ?? null).toBe(printed);
    },
  );

  it.each([
    ['{{ messages | xmlattr }}', 'the filter "xmlattr" is not supported'],
    ['{% if false %}{{ 1 | nothing }}{% endif %}', 'the filter "nothing" is not supported'],
    ['{{ 1 is escaped }}', 'the test "escaped" is not supported'],
    ['{{ 1 < 2 < 3 }}', 'chained comparisons are not supported'],
    ["{% include 'a' %}", 'Unknown statement type: include'],
    ['{% raw %}{% endraw %}', 'Unknown statement type: raw'],
    ['{% for m in messages %}', ''],
    ['{{ 9 is divisibleby(3) }}', ''],
  ])('refuses %s before it runs', (template, reason) => {
    expect(() => compileTemplate(template)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(reason) as string }) as Error,
    );
    expect(() => compileTemplate(template)).toThrow(TemplateError);
  });

  it.each([
    ['{{ raise_exception("Use the role " ~ "user.") }}', 'Use the role user.'],
    ['{{ nothing.here }}', "'nothing' is undefined"],
    ['{{ [].append(1) }}', 'the method append is not allowed'],
    ['{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}', 'steps'],
    ['{{ range(100001) }}', 'more than 100000'],
    ['{{ "a" * 100001 }}', 'more than 100000 repetitions'],
    ['{{ 2 ** 64 }}', '2^53'],
  ])('raises the error of %s', (template, reason) => {
    expect(() => compileTemplate(template).render({})).toThrow(reason);
  });

  it('formats the time as Python does', () => {
    const now = new Date();
    const two = (value: number) => String(value).padStart(2, '0');
    const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
    const month = now.toLocaleDateString('en-US', { month: 'short' });

    expect(render('{{ strftime_now("%Y-%m-%d %b %%") }}', [])?.text).toBe(`${date} ${month} %`);
  });
});

describe('the origin of rendered text', () => {
  const messages = [{ role: 'user', content: ' Hola <b> ' }];
  const runs = (template: string) =>
    render(template, messages)?.runs.map(({ text, isUser }) => (isUser ? `(${text})` : text));

  it.each([
    ['{{ "<b>" + messages[0].content + "</b>" }}', ['<b>', '( Hola <b> )', '</b>']],
    ['{{ messages[0].content | trim }}', ['(Hola <b>)']],
    ['{{ messages[0].content | replace("<b>", "<i>") }}', ['( Hola )', '<i>', '( )']],
    ['{{ messages[0].content.split("<") | join("|") }}', ['( Hola )', '|', '(b> )']],
    ['{{ "%s!" | format(messages[0].content) }}', ['( Hola <b> )', '!']],
    ['{{ messages[0].content | upper }}', ['( HOLA <B> )']],
    ['{{ messages[0].content[1:3] ~ 1 }}', ['(Ho)', '1']],
    ['{{ [messages[0].content] }}', ["['", '( Hola <b> )', "']"]],
    ['{{ messages[0].content | tojson }}', ['"', '( Hola <b> )', '"']],
    ['{{ messages[0].content | indent(first=true) }}', ['    ', '( Hola <b> )']],
    ['{{ "-".join(messages[0].content | list | first) }}', ['( )']],
    [
      '{% macro m(x) %}[{{ x }}]{% endmacro %}{{ m(messages[0].content) }}',
      ['[', '( Hola <b> )', ']'],
    ],
    ['{% set x %}<{{ messages[0].content }}>{% endset %}{{ x }}', ['<', '( Hola <b> )', '>']],
  ])('is kept by %s', (template, expected) => {
    expect(runs(template)).toEqual(expected);
  });
});
