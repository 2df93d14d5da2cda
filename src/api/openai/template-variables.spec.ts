import { readTemplateVariables } from './template-variables.js';

const failsAt = (parameter: string) =>
  expect.objectContaining({ code: 'INVALID_PARAMETER', details: { parameter } }) as Error;

describe('readTemplateVariables', () => {
  it('takes plain JSON values by name', () => {
    const variables = {
      date_string: '2026-11-29',
      enable_thinking: false,
      _list: [1, { a: null }],
    };

    expect(readTemplateVariables(variables)).toEqual(variables);
    expect(readTemplateVariables(undefined)).toEqual({});
    expect(readTemplateVariables(null)).toEqual({});
  });

  it.each([
    ['a list', [], 'chat_template_kwargs'],
    ['a string', 'a', 'chat_template_kwargs'],
    ['a malformed name', { 'a b': 1 }, 'chat_template_kwargs'],
    ['a malformed nested name', { a: [{ '<s>': 1 }] }, 'chat_template_kwargs'],
    ['values that are nested too deeply', { a: [[[[[[[[[]]]]]]]]] }, 'chat_template_kwargs'],
    ['the messages', { messages: [] }, 'chat_template_kwargs.messages'],
    ['the tools', { tools: [] }, 'chat_template_kwargs.tools'],
    [
      'too many names',
      Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`a${index}`, 1])),
      'chat_template_kwargs',
    ],
    ['a value that is too long', { a: 'x'.repeat(4096) }, 'chat_template_kwargs'],
  ])('rejects %s', (_, value, parameter) => {
    expect(() => readTemplateVariables(value)).toThrow(failsAt(parameter));
  });
});
