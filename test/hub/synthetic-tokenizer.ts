/** The first tokens of Salamandra's vocabulary, in order. */
const CONTROL_PIECES = ['<unk>', '<s>', '</s>', '<pad>', '<|im_start|>', '<|im_end|>'];
const RESERVED_PIECES = 98;
const BYTE_PIECES = 256;
/** Letters of merged pieces, the most frequent first. Other characters are pieces of their own. */
const LETTERS = 'eaitnsorlducmpgvbfhqyzxjkw';
const OTHER_CHARACTERS =
  '0123456789.,;:!?¿¡\'"()[]{}<>|/\\-_+*=%&#@€$°·\n\t' +
  'ABCDEFGHIJKLMNOPQRSTUVWXYZáàâäãåæçéèêëíìîïñóòôöõøœúùûüýčďěňřšťůžąćęłńóśźżőűăîșțğıħġżċ' +
  'абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґђјљњћџαβγδεζηθικλμνξοπρστυφχψωάέήίόύώς';
const LONGEST_SPACES = 24;

/** Added after the vocabulary of a vision-language model. */
export interface AppendedTokens {
  readonly image: number;
  readonly video: number;
}

/**
 * Creates a tokenizer.json with `pieces` entries as transformers writes it for a SentencePiece model with byte
 * fallback: control tokens, reserved tokens and bytes first, then characters, then pieces merged from two shorter ones.
 */
export function createTokenizerFile(pieces: number, appended: AppendedTokens | null): string {
  const { vocabulary, merges } = createVocabulary(pieces);
  const addedToken = (content: string, id: number) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const control = vocabulary.slice(0, CONTROL_PIECES.length + RESERVED_PIECES);
  const start = { SpecialToken: { id: '<s>', type_id: 0 } };
  return JSON.stringify(
    {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [
        ...control.map((content, id) => addedToken(content, id)),
        ...(appended
          ? [addedToken('<image>', appended.image), addedToken('<video>', appended.video)]
          : []),
      ],
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
        single: [start, { Sequence: { id: 'A', type_id: 0 } }],
        pair: [
          start,
          { Sequence: { id: 'A', type_id: 0 } },
          { SpecialToken: { id: '<s>', type_id: 1 } },
          { Sequence: { id: 'B', type_id: 1 } },
        ],
        special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
      },
      decoder: {
        type: 'Sequence',
        decoders: [
          { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
          { type: 'ByteFallback' },
          { type: 'Fuse' },
          { type: 'Strip', content: ' ', start: 1, stop: 0 },
        ],
      },
      model: {
        type: 'BPE',
        dropout: null,
        unk_token: '<unk>',
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: true,
        byte_fallback: true,
        ignore_merges: false,
        vocab: Object.fromEntries(vocabulary.map((piece, id) => [piece, id])),
        merges,
      },
    },
    null,
    2,
  );
}

/** Pieces by id. Each longer piece merges a shorter piece and one character. */
function createVocabulary(pieces: number): { vocabulary: string[]; merges: [string, string][] } {
  const known = new Set([
    ...CONTROL_PIECES,
    ...Array.from({ length: RESERVED_PIECES }, (_, index) => `<|reserved_token_${index + 1}|>`),
    ...Array.from({ length: BYTE_PIECES }, (_, byte) => `<0x${hex(byte)}>`),
    '▁',
    ...Array.from(LETTERS),
    ...Array.from(OTHER_CHARACTERS),
  ]);
  const merges: [string, string][] = [];
  const merge = (left: string, right: string) => {
    if (known.size >= pieces || known.has(left + right)) return;
    known.add(left + right);
    merges.push([left, right]);
  };
  for (let count = 1; count < LONGEST_SPACES; count++) merge('▁'.repeat(count), '▁');
  let shorter = ['▁', ...Array.from(LETTERS)];
  while (known.size < pieces) {
    const before = merges.length;
    for (const left of shorter) for (const right of LETTERS) merge(left, right);
    shorter = merges.slice(before).map((parts) => parts.join(''));
  }
  return { vocabulary: [...known], merges };
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}
