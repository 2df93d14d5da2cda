/** Vocabulary of the tiny model. `<image>` and `<video>` have the ids that `config.json` declares. */
const PIECES = [
  ...['<unk>', '<s>', '</s>', '<pad>', '<|im_start|>', '<|im_end|>', '<image>', '<video>'],
  ...['▁', 'a', 'b', 'c', 'd', '▁a', '▁b', 'ab'],
];
const CONTROL_TOKENS = 8;

/** `tokenizer.json` of the tiny model: BPE over four letters. */
export function tinyTokenizer(): Record<string, unknown> {
  const pattern = { String: '▁' };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: PIECES.slice(0, CONTROL_TOKENS).map((content, id) => ({
      ...{ id, content, special: true },
      ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
    })),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    },
    pre_tokenizer: null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      unk_token: '<unk>',
      vocab: Object.fromEntries(PIECES.map((piece, id) => [piece, id])),
      merges: ['▁ a', '▁ b', 'a b'],
    },
  };
}

/** `tokenizer_config.json` of the tiny model. */
export function tinyTokenizerConfig(): Record<string, unknown> {
  return {
    tokenizer_class: 'LlamaTokenizer',
    bos_token: '<s>',
    eos_token: '</s>',
    unk_token: '<unk>',
    image_token: '<image>',
    video_token: '<video>',
  };
}

/** A chat template that renders every content part, with placeholders for images and videos. */
export const TINY_CHAT_TEMPLATE =
  "{% for message in messages %}<|im_start|>{% for part in message.content %}{% if part.type == 'text' %}" +
  '{{ part.text }}{% else %}<{{ part.type }}>{% endif %}{% endfor %}<|im_end|>{% endfor %}';
