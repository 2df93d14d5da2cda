import { parseModelList, parseServerAnswer } from './server-answer.js';

const text = (value: string) => ({ kind: 'text', bytes: [...Buffer.from(value)] });

function chat(choice: object, more: object = {}) {
  return {
    choices: [{ message: { content: 'Un gat' }, finish_reason: 'stop', ...choice }],
    ...more,
  };
}

describe('parseServerAnswer', () => {
  it('parses tokens with their bytes, as OpenAI sends them', () => {
    const content = [
      {
        token: 'Un',
        bytes: [85, 110],
        logprob: -0.5,
        top_logprobs: [{ token: 'El', logprob: -0.4 }],
      },
      { token: ' g\ufffd', bytes: [32, 103, 0xc3], logprob: -1, top_logprobs: [] },
    ];
    const usage = { prompt_tokens: 30 };

    expect(parseServerAnswer(chat({ logprobs: { content } }, { usage }), 'chat')).toEqual({
      text: 'Un gat',
      end: 'stop',
      promptTokens: 30,
      tokens: [
        { chosen: text('Un'), top: text('El'), logprob: -0.5 },
        { chosen: { kind: 'text', bytes: [32, 103, 0xc3] }, top: null, logprob: -1 },
      ],
    });
  });

  it('takes the most likely alternative, whatever their order', () => {
    const top_logprobs = [
      { token: 'b', logprob: -2 },
      { token: 'a', logprob: -0.1 },
    ];
    const content = [{ token: 'b', logprob: -2, top_logprobs }];

    const answer = parseServerAnswer(chat({ logprobs: { content } }), 'chat');
    expect(answer.tokens).toEqual([{ chosen: text('b'), top: text('a'), logprob: -2 }]);
  });

  it('reads the ids of vLLM, in tokens and in token_ids', () => {
    const entry = (id: number) => ({ token: `token_id:${id}`, bytes: [1], logprob: -1 });
    const content = [{ ...entry(17), top_logprobs: [entry(18)] }];
    const [token] = parseServerAnswer(chat({ logprobs: { content } }), 'chat').tokens!;
    expect(token).toMatchObject({ chosen: { kind: 'id', id: 17 }, top: { kind: 'id', id: 18 } });

    const plain = [{ token: 'x', bytes: null, logprob: -1 }];
    const named = parseServerAnswer(chat({ logprobs: { content: plain }, token_ids: [5] }), 'chat');
    expect(named.tokens).toEqual([{ chosen: { kind: 'id', id: 5 }, top: null, logprob: -1 }]);
  });

  it('ignores token_ids of another number', () => {
    const content = [{ token: 'x', logprob: -1 }];
    const answer = parseServerAnswer(chat({ logprobs: { content }, token_ids: [5, 6] }), 'chat');

    expect(answer.tokens?.[0]?.chosen).toEqual(text('x'));
  });

  it('parses the parallel lists of text completions', () => {
    const logprobs = {
      tokens: [' a', 'b'],
      token_logprobs: [-0.1, -3],
      top_logprobs: [{ ' a': -0.1 }, { c: -0.2, b: -3 }],
    };
    const body = { choices: [{ text: ' ab', finish_reason: 'length', logprobs }] };

    expect(parseServerAnswer(body, 'text')).toEqual({
      ...{ text: ' ab', end: 'length', promptTokens: null },
      tokens: [
        { chosen: text(' a'), top: text(' a'), logprob: -0.1 },
        { chosen: text('b'), top: text('c'), logprob: -3 },
      ],
    });
  });

  it.each([[undefined], [null], [{ content: null }], [{}]])(
    'has no tokens if the log-probabilities are %j',
    (logprobs) => {
      expect(parseServerAnswer(chat({ logprobs }), 'chat').tokens).toBeNull();
    },
  );

  it('accepts an answer without a text and with another reason to end', () => {
    const body = chat({ message: { content: null }, finish_reason: 'content_filter' });

    expect(parseServerAnswer(body, 'chat')).toMatchObject({ text: '', end: 'other' });
  });

  it.each([
    ['the reply must be an object', []],
    ['choices must be a list', {}],
    ['choices[0] must be an object', { choices: [] }],
    ['message must be an object', { choices: [{}] }],
    ['the text of the answer must be a string', { choices: [{ message: { content: 3 } }] }],
    ['logprob must be a number', chat({ logprobs: { content: [{ token: 'a' }] } })],
  ])('rejects a reply of another form: %s', (rule, body) => {
    expect(() => parseServerAnswer(body, 'chat')).toThrow(rule);
    expect(() => parseServerAnswer(body, 'chat')).toThrow(
      expect.objectContaining({ code: 'SERVER_UNAVAILABLE', retryable: false }) as Error,
    );
  });
});

it('parses a list of models', () => {
  expect(parseModelList({ data: [{ id: 'a' }, { id: 'b' }] })).toEqual(['a', 'b']);
  expect(() => parseModelList({ models: [] })).toThrow('data must be a list');
});
