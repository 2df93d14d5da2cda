import { type ChatTemplateSources, findChatTemplate } from './chat-template-files.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const EMPTY: ChatTemplateSources = {
  jinja: undefined,
  additional: new Map(),
  legacy: {},
  processorConfig: {},
  tokenizerConfig: {},
};
const EVERYWHERE: ChatTemplateSources = {
  jinja: bytes('in jinja'),
  additional: new Map([['tool_use', bytes('tools')]]),
  legacy: {},
  processorConfig: { chat_template: 'in processor' },
  tokenizerConfig: { chat_template: 'in tokenizer' },
};
const named = (...names: string[]) => names.map((name) => ({ name, template: `of ${name}` }));
const find = (changes: Partial<ChatTemplateSources>, kind: 'vision' | 'text' = 'vision') =>
  findChatTemplate({ ...EMPTY, ...changes }, kind);

// The order is that of transformers 5.24: `ProcessorMixin` and `PreTrainedTokenizerBase`.
describe('findChatTemplate', () => {
  it('prefers the processor for vision models, and never reads it for text models', () => {
    expect(find(EVERYWHERE)).toEqual({ source: 'in processor', file: 'processor_config.json' });
    expect(find(EVERYWHERE, 'text')).toEqual({ source: 'in jinja', file: 'chat_template.jinja' });
  });

  it('prefers chat_template.json to chat_template.jinja for vision models', () => {
    const both = { jinja: bytes('new'), legacy: { chat_template: 'old' } };

    expect(find(both)).toEqual({ source: 'old', file: 'chat_template.json' });
    expect(find(both, 'text')).toEqual({ source: 'new', file: 'chat_template.jinja' });
    expect(find({ legacy: { chat_template: 'old' } }, 'text')).toBeNull();
  });

  it.each(['vision', 'text'] as const)('falls back to the tokenizer for %s models', (kind) => {
    const { tokenizerConfig } = EVERYWHERE;

    expect(find({ tokenizerConfig }, kind)).toEqual({
      source: 'in tokenizer',
      file: 'tokenizer_config.json',
    });
    expect(find({}, kind)).toBeNull();
  });

  it('takes the template named default from a list or an object', () => {
    const list = { chat_template: named('tool_use', 'default') };
    const object = { chat_template: { default: 'a', rag: 'b' } };

    expect(find({ tokenizerConfig: list }, 'text')?.source).toBe('of default');
    expect(find({ processorConfig: object })?.source).toBe('a');
  });

  it('takes a default of the folder additional_chat_templates', () => {
    const additional = new Map([['default', bytes('a')]]);

    expect(find({ additional })?.source).toBe('a');
    expect(find({ additional, jinja: bytes('b') })?.source).toBe('b');
  });

  it('rejects templates of which none is named default', () => {
    const reason = 'none of the 2 chat templates is named "default"';

    expect(() => find({ tokenizerConfig: { chat_template: named('a', 'b') } }, 'text')).toThrow(
      `tokenizer_config.json: ${reason}`,
    );
    const additional = new Map(named('a', 'b').map(({ name }) => [name, bytes(name)]));
    expect(() => find({ additional })).toThrow(`chat_template.jinja: ${reason}`);
  });

  it('rejects chat_template.json beside additional templates, as transformers does', () => {
    const conflict = { ...EVERYWHERE, legacy: { chat_template: 'old' } };

    expect(() => find(conflict)).toThrow('chat_template.json: the folder');
    expect(find(conflict, 'text')?.source).toBe('in jinja');
  });

  it.each([
    ['an empty template', { chat_template: '' }],
    ['a number', { chat_template: 7 }],
    ['a list of strings', { chat_template: ['a'] }],
    ['a template that is too long', { chat_template: 'x'.repeat((256 << 10) + 1) }],
  ])('rejects %s', (_, tokenizerConfig) => {
    expect(() => find({ tokenizerConfig })).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
    );
  });
});
