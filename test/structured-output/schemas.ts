/** Twenty schemas of the kinds that clients send: records, lists, choices, recursion, limits. */

const object = (properties: Record<string, unknown>, required = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

const text = (maxLength = 40) => ({ type: 'string', maxLength });
const list = (items: unknown, maxItems = 3, minItems = 0) => ({
  type: 'array',
  items,
  minItems,
  maxItems,
});
const choice = (...values: readonly unknown[]) => ({ enum: values });
const count = { type: 'integer', minimum: 0, maximum: 99 };

export const SCHEMAS: Readonly<Record<string, Record<string, unknown>>> = {
  caption: object({ caption: text() }),
  'caption and keywords': object({ caption: text(), keywords: list(text(12), 4, 1) }),
  'objects with counts': object({ objects: list(object({ name: text(16), count })) }),
  'one of three words': { type: 'string', enum: ['indoors', 'outdoors', 'unknown'] },
  'yes or no': object({ answer: { type: 'boolean' } }),
  'an optional note': object({ title: text(20), note: text(20) }, ['title']),
  'only optional members': object({ a: count, b: count, c: count }, []),
  'null or text': object({ creator: { type: ['string', 'null'], maxLength: 20 } }),
  'alternatives of objects': object({
    shape: {
      anyOf: [
        object({ kind: { const: 'circle' }, radius: count }),
        object({ kind: { const: 'box' }, width: count, height: count }),
      ],
    },
  }),
  'a box in pixels': object({
    box: list({ type: 'integer', minimum: -10, maximum: 1920 }, 4, 4),
  }),
  'scores by name': { type: 'object', additionalProperties: { type: 'number' } },
  'a number': object({ score: { type: 'number' } }),
  'a long integer': object({ identifier: { type: 'integer' } }),
  'a list of words': list(choice('red', 'green', 'blue', 'yellow'), 5, 1),
  'a list of lists': list(list(count, 2), 2),
  'nested records': object({
    place: object({ town: text(12), country: object({ code: choice('es', 'fr', 'de') }) }),
  }),
  'other alphabets': object({
    език: choice('български', 'ελληνικά', 'українська'),
    ключ: text(12),
  }),
  'names with quotes': object({ 'a "b" \\ c': choice('"', '\\', '\n', '\u0001') }),
  'a tree': {
    $ref: '#/$defs/node',
    $defs: {
      node: object({ name: text(6), parts: list({ $ref: '#/$defs/leaf' }, 2) }),
      leaf: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
    },
  },
  'exactly three letters': object({ code: { type: 'string', minLength: 3, maxLength: 3 } }),
};
