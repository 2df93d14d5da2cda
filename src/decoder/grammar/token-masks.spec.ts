import { createRandom } from '../sampling/random.js';
import { compileAnswerFormat } from './json-schema.js';
import { createTokenGrammar, indexVocabulary, type TokenBytes } from './token-masks.js';

const EOS = 0;

/** Control token, single bytes, and tokens of several bytes in no order, two of them equal. */
function createVocabulary(): TokenBytes {
  const texts = [
    '{"',
    '":',
    '", "',
    'true',
    'tru',
    'e}',
    'a"}',
    'ab',
    'é',
    '"a"',
    '{',
    '{"a": ',
    '  ',
    'ab',
    '\n}',
    '\\u',
    'x'.repeat(70),
    '',
  ];
  const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  return [null, ...bytes, ...texts.map((text) => new Uint8Array(Buffer.from(text)))];
}

const SCHEMA = {
  type: 'object',
  properties: {
    a: { type: 'string' },
    b: { type: 'boolean' },
    c: { type: 'string', maxLength: 66 },
  },
  required: ['b'],
};

const automaton = compileAnswerFormat({ kind: 'json-schema', schema: SCHEMA }, 'schema');
const tokens = createVocabulary();

function start() {
  return createTokenGrammar(automaton, indexVocabulary(tokens), [EOS]).start();
}

/** Token ids with a finite logit. */
const allowedIds = (logits: Float32Array): number[] =>
  [...logits.keys()].filter((id) => logits[id] !== -Infinity);

/** The tokens whose bytes the automaton accepts after a text, one by one and without a tree. */
function expectedIds(text: readonly number[]): number[] {
  const walk = (bytes: Iterable<number>) => {
    let state: ReturnType<typeof automaton.start> | null = automaton.start();
    for (const byte of bytes) state = state?.step(byte) ?? null;
    return state;
  };
  const ids = tokens.flatMap((bytes, id) =>
    bytes && bytes.length > 0 && walk([...text, ...bytes]) ? [id] : [],
  );
  return walk(text)?.isComplete ? [EOS, ...ids] : ids;
}

it('allows exactly the tokens whose bytes the grammar accepts', () => {
  const random = createRandom(7);
  for (let answer = 0; answer < 30; answer++) {
    const grammar = start();
    const text: number[] = [];
    for (let step = 0; step < 40; step++) {
      const logits = new Float32Array(tokens.length);
      grammar.restrict(logits);
      const ids = allowedIds(logits);
      expect(ids).toEqual(expectedIds(text));
      const id = ids[Math.floor(random() * ids.length)] ?? EOS;
      if (id === EOS) break;
      grammar.accept(id);
      text.push(...(tokens[id] ?? []));
    }
  }
});

it('leaves the logits of allowed tokens as they are', () => {
  const logits = Float32Array.from(tokens, (_, id) => id / 7);
  start().restrict(logits);
  expect(allowedIds(logits).map((id) => logits[id])).toEqual(
    allowedIds(logits).map((id) => Math.fround(id / 7)),
  );
});

it('allows the tokens of the grammar if other settings excluded all of them', () => {
  const logits = new Float32Array(tokens.length).fill(-Infinity);
  start().restrict(logits);
  expect(allowedIds(logits)).toEqual(expectedIds([]));
});

it('excludes the ids beyond the vocabulary, which pad the output head', () => {
  const logits = new Float32Array(tokens.length + 100);
  start().restrict(logits);
  expect(allowedIds(logits)).toEqual(expectedIds([]));
});
