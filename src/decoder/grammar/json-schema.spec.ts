import { Ajv2020, type AnySchemaObject } from 'ajv/dist/2020.js';

import type { SalamandraError } from '../../errors/salamandra-error.js';
import { createRandom } from '../sampling/random.js';
import type { AutomatonState, ByteAutomaton } from './byte-automaton.js';
import { compileAnswerFormat } from './json-schema.js';

const ajv = new Ajv2020({ strict: false });

const compile = (schema: unknown) => compileAnswerFormat({ kind: 'json-schema', schema }, 'schema');

/** Whether the grammar has the text, and whether it may go on. */
function read(automaton: ByteAutomaton, text: string): 'complete' | 'incomplete' | 'refused' {
  let state: AutomatonState | null = automaton.start();
  for (const byte of Buffer.from(text)) state = state?.step(byte) ?? null;
  if (!state) return 'refused';
  return state.isComplete ? 'complete' : 'incomplete';
}

/** A text of random bytes that the grammar allows; null if it does not end within the limit. */
function write(automaton: ByteAutomaton, random: () => number, limit = 5000): string | null {
  const bytes: number[] = [];
  for (let state = automaton.start(); bytes.length < limit;) {
    if (state.isComplete && random() < 0.5) return Buffer.from(bytes).toString();
    const allowed = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) =>
      state.step(byte),
    );
    if (allowed.length === 0) return Buffer.from(bytes).toString();
    const closing = allowed.filter((byte) => '"]}'.includes(String.fromCharCode(byte)));
    const choices = closing.length > 0 && random() < 0.3 ? closing : allowed;
    const byte = choices[Math.floor(random() * choices.length)] ?? 0;
    bytes.push(byte);
    state = state.step(byte)!;
  }
  return null;
}

const OBJECTS = {
  type: 'object',
  properties: {
    caption: { type: 'string', maxLength: 40 },
    objects: {
      type: 'array',
      minItems: 1,
      maxItems: 4,
      items: {
        type: 'object',
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 12 },
          count: { type: 'integer', minimum: 1, maximum: 120 },
          colour: { enum: ['red', 'blau', 'зелёный', null] },
        },
        required: ['name', 'count'],
        additionalProperties: false,
      },
    },
    outdoors: { type: ['boolean', 'null'] },
  },
  required: ['caption', 'objects'],
  additionalProperties: false,
};

const TREE = {
  $ref: '#/$defs/node',
  $defs: {
    node: {
      type: 'object',
      properties: {
        label: { type: 'string' },
        children: { type: 'array', items: { $ref: '#/$defs/node' }, maxItems: 2 },
      },
      required: ['label'],
      additionalProperties: false,
    },
  },
};

const SCHEMAS: readonly (readonly [string, AnySchemaObject])[] = [
  ['objects in a picture', OBJECTS],
  ['a recursive tree', TREE],
  ['a string', { type: 'string' }],
  ['a string with limits', { type: 'string', minLength: 3, maxLength: 5 }],
  ['a string with a minimum', { type: 'string', minLength: 4 }],
  ['an integer', { type: 'integer' }],
  ['a small integer', { type: 'integer', minimum: 17, maximum: 243 }],
  ['a negative integer', { type: 'integer', exclusiveMinimum: -305, maximum: -7 }],
  ['an integer around zero', { type: 'integer', minimum: -12, exclusiveMaximum: 9.5 }],
  ['a large integer', { type: 'integer', minimum: 998 }],
  ['a number', { type: 'number' }],
  ['a word', { enum: ['yes', 'no', 'ye', 7, { a: [1] }] }],
  ['a constant', { const: { kind: 'map', size: [2, 3] } }],
  ['a list without items', { type: 'array', maxItems: 0 }],
  ['a list of at least two', { type: 'array', items: { type: 'boolean' }, minItems: 2 }],
  ['a list of one or two', { type: 'array', items: { type: 'null' }, minItems: 1, maxItems: 2 }],
  ['a map', { type: 'object', additionalProperties: { type: 'integer' } }],
  ['an empty object', { type: 'object', additionalProperties: false }],
  ['alternatives', { anyOf: [{ type: 'integer' }, { type: 'array', items: { type: 'string' } }] }],
  [
    'only optional properties',
    {
      type: 'object',
      properties: { a: { type: 'null' }, b: { type: 'boolean' }, c: { type: 'null' } },
      additionalProperties: false,
    },
  ],
];

describe.each(SCHEMAS)('the grammar of %s', (_, schema) => {
  const automaton = compile(schema);
  const isValid = ajv.compile(schema);

  it('has only texts that are valid JSON of the schema', () => {
    const random = createRandom(1);
    const texts = Array.from({ length: 60 }, () => write(automaton, random)).filter(
      (text) => text !== null,
    );
    expect(texts.length).toBeGreaterThan(30);
    const invalid = texts.filter((text) => !isValid(JSON.parse(text)));
    expect(invalid).toEqual([]);
  });
});

describe('the grammar of a schema', () => {
  it.each([
    [{ type: 'integer', minimum: 17, maximum: 243 }, 0, 300],
    [{ type: 'integer', minimum: -131, maximum: 12 }, -200, 200],
    [{ type: 'integer', exclusiveMinimum: 0, maximum: 1000 }, -5, 1100],
    [{ type: 'integer', minimum: 0.5, exclusiveMaximum: 100 }, -5, 120],
  ])('has exactly the integers of %j', (schema, from, to) => {
    const automaton = compile(schema);
    const isValid = ajv.compile(schema);
    for (let value = from; value <= to; value++) {
      expect([value, read(automaton, String(value)) === 'complete']).toEqual([
        value,
        isValid(value),
      ]);
    }
  });

  it.each([
    '{"caption":"","objects":[{"name":"a","count":1}]}',
    '{"caption": "un \\"gat\\" \\u00e9\\ud83d\\ude00 😀", "objects": [{"name": "ö", "count": 120, "colour": null}]}',
    '{\n  "caption": "x",\n  "objects": [\n    {\n      "name": "b",\n      "count": 7,\n      "colour": "зелёный"\n    }\n  ],\n  "outdoors": true\n}',
    ' {"caption":"x","objects":[{"name":"b","count":7}],"outdoors":null}',
  ])('has %s', (text) => {
    expect(read(compile(OBJECTS), text)).toBe('complete');
  });

  it.each([
    ['an unknown property', '{"caption":"x","objects":[{"name":"b","count":7}],"mood"'],
    ['a missing property', '{"objects"'],
    ['a property twice', '{"caption":"x","caption"'],
    ['too many characters', `{"caption":"${'x'.repeat(41)}`],
    ['too few items', '{"caption":"x","objects":[]'],
    ['a number out of range', '{"caption":"x","objects":[{"name":"b","count":121'],
    ['a line break in a string', '{"caption":"\n'],
    ['half of a surrogate pair', '{"caption":"\\ud83d "'],
    ['text after the end', '{"caption":"x","objects":[{"name":"b","count":7}]} '],
    ['text before the start', 'Here is the JSON: {'],
    ['endless whitespace', `{${' '.repeat(2)}`],
  ])('refuses %s', (_, text) => {
    expect(read(compile(OBJECTS), text)).toBe('refused');
  });

  it('refuses invalid UTF-8', () => {
    const automaton = compile({ type: 'string' });
    const start = automaton.start().step(0x22)!;
    for (const bytes of [
      [0x80],
      [0xc0],
      [0xc3, 0x22],
      [0xe0, 0x80],
      [0xed, 0xa0],
      [0xf4, 0x90],
      [0xff],
    ]) {
      let state: AutomatonState | null = start;
      for (const byte of bytes) state = state?.step(byte) ?? null;
      expect([bytes, state]).toEqual([bytes, null]);
    }
  });

  it('follows recursion to any depth', () => {
    const text = '{"label":"a","children":['.repeat(40) + '{"label":"b"}' + ']}'.repeat(40);
    expect(read(compile(TREE), text)).toBe('complete');
    expect(read(compile(TREE), text.slice(0, -1))).toBe('incomplete');
  });

  it('has any object without a schema', () => {
    const automaton = compileAnswerFormat({ kind: 'json-object' }, 'schema');
    const value = { a: [1, -2.5e3, true, null, { b: {} }, []], 'ключ "x"': '\u0007\\' };
    expect(read(automaton, JSON.stringify(value))).toBe('complete');
    expect(read(automaton, JSON.stringify(value, null, 2))).toBe('complete');
    expect(read(automaton, '[1]')).toBe('refused');
  });
});

describe('a schema outside the subset', () => {
  it.each([
    ['schema.pattern', { type: 'string', pattern: '^a' }],
    ['schema.format', { type: 'string', format: 'date' }],
    [
      'schema.properties.a.minimum',
      { type: 'object', properties: { a: { type: 'number', minimum: 1 } } },
    ],
    ['schema.oneOf', { oneOf: [{ type: 'string' }] }],
    ['schema.type', { type: 'text' }],
    ['schema.required', { type: 'object', properties: { a: {} }, required: ['b'] }],
    [
      'schema.additionalProperties',
      { type: 'object', properties: { a: {} }, additionalProperties: { type: 'null' } },
    ],
    ['schema.maxLength', { type: 'string', maxLength: 1e9 }],
    ['schema.maxLength', { type: 'string', minLength: 5, maxLength: 4 }],
    ['schema.$ref', { $ref: 'https://example.org/schema' }],
    ['schema.$ref', { $ref: '#/$defs/none' }],
    ['schema.enum', { enum: [] }],
    ['schema.enum', { type: 'string', enum: [1] }],
    ['schema', { $ref: '#' }],
    ['schema', { anyOf: [{ $ref: '#' }, { type: 'null' }] }],
    ['schema', { type: 'integer', minimum: 5, maximum: 4 }],
    ['schema.items', { type: 'array', items: 'text' }],
    ['schema.properties.(unnamed)', { type: 'object', properties: { 'a b': false } }],
  ])('is refused at %s: %j', (parameter, schema) => {
    expect(() => compile(schema)).toThrow(
      expect.objectContaining({
        code: 'INVALID_PARAMETER',
        details: { parameter },
      }) as SalamandraError,
    );
  });

  it('is refused if it is too large', () => {
    const item = { type: 'array', items: { type: 'null' }, minItems: 900, maxItems: 1000 };
    const properties = Object.fromEntries(Array.from({ length: 90 }, (_, n) => [`p${n}`, item]));
    expect(() => compile({ type: 'object', properties })).toThrow(/is too large/);
  });

  it('is refused if it is nested too deeply', () => {
    let schema: unknown = { type: 'null' };
    for (let depth = 0; depth < 1000; depth++) schema = { type: 'array', items: schema };
    expect(() => compile(schema)).toThrow(/nested deeper than 32 levels/);
  });
});
