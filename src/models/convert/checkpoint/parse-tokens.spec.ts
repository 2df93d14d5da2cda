import { notesOnEndOfTurn } from './parse-tokens.js';

const TOKENIZER = {
  added_tokens: [
    { id: 2, content: '</s>' },
    { id: 5, content: '<|im_end|>' },
    { id: 9, content: '<image>' },
  ],
};
const CHAT_ML = "{{ '<|im_start|>' + message.role + message.content + '<|im_end|>' }}";

describe('notesOnEndOfTurn', () => {
  it('warns of a template whose turns end with another token than answers', () => {
    expect(notesOnEndOfTurn(CHAT_ML, TOKENIZER, {}, [2])).toEqual([
      'The chat template ends a turn with token 5 (<|im_end|>), which is no eos_token_id; answers may run on, as in transformers. Add 5 to eos_token_id in generation_config.json and convert again.',
    ]);
  });

  it('warns of a template that uses the eos_token of the tokenizer', () => {
    const config = { eos_token: { content: '</s>' } };

    expect(notesOnEndOfTurn('{{ text + eos_token }}', TOKENIZER, config, [5])).toHaveLength(1);
    expect(notesOnEndOfTurn('{{ text + eos_token }}', TOKENIZER, config, [2])).toEqual([]);
  });

  it.each<[string, string | null, readonly number[]]>([
    ['whose end of turn ends answers', CHAT_ML, [2, 5]],
    ['without an end of turn', '{{ message.content }}', [2]],
    ['with a token that the tokenizer does not have', "{{ '<|eot_id|>' }}", [2]],
    ['that is missing', null, [2]],
  ])('has no note on a template %s', (_, template, eos) => {
    expect(notesOnEndOfTurn(template, TOKENIZER, {}, eos)).toEqual([]);
  });
});
