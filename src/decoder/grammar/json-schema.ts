import { SalamandraError } from '../../errors/salamandra-error.js';
import {
  type ByteAutomaton,
  EndlessGrammarError,
  GrammarBuilder,
  type GrammarState,
  GrammarTooLargeError,
  type Rule,
} from './byte-automaton.js';
import { JsonText } from './json-text.js';

type Schema = Readonly<Record<string, unknown>>;

/** The form that an answer must have. */
export type AnswerFormat =
  /** An object with any members. */
  | { readonly kind: 'json-object' }
  /** A value that a JSON Schema allows; see `compileAnswerFormat`. */
  | { readonly kind: 'json-schema'; readonly schema: unknown };

/** Where a schema stands, for error messages, and the schema that `$ref` refers to. */
interface Place {
  readonly path: string;
  readonly root: unknown;
  readonly depth: number;
}

const MAX_DEPTH = 32;
const MAX_PROPERTIES = 200;
const MAX_ENUM_VALUES = 1000;
const MAX_ITEMS = 1000;
const MAX_STRING_LENGTH = 2000;
const MAX_INTEGER = 10 ** 15 - 1;

/** Keywords that describe and do not restrict. */
const ANNOTATIONS: readonly string[] = [
  ...['$schema', '$id', '$comment', '$defs', 'definitions', 'title', 'description'],
  ...['default', 'examples', 'deprecated', 'readOnly', 'writeOnly'],
];

/** The keywords that act on each type. */
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  number: [],
  boolean: [],
  null: [],
};

/**
 * Compiles a format to a grammar whose texts are JSON that the format allows. Whitespace is limited, numbers have at
 * most 15 digits, and objects have the properties of the schema in its order, without others.
 *
 * Supported subset of JSON Schema 2020-12: `type` (also a list), `properties`, `required`, `additionalProperties`
 * (false, or a schema without `properties`), `items`, `minItems`, `maxItems`, `minLength`, `maxLength`, the limits of
 * integers, `enum`, `const`, `anyOf`, `$ref` within the schema (also recursive).
 *
 * @param parameter name of the schema in error messages
 * @throws INVALID_PARAMETER for every other keyword: an answer that ignores a restriction would look valid.
 */
export function compileAnswerFormat(format: AnswerFormat, parameter: string): ByteAutomaton {
  const builder = new GrammarBuilder();
  const json = new JsonText(builder);
  try {
    const value =
      format.kind === 'json-object'
        ? json.object(builder.end)
        : new SchemaCompiler(json).compile(
            format.schema,
            { path: parameter, root: format.schema, depth: 0 },
            builder.end,
          );
    // SentencePiece begins a text with a space.
    return builder.build(builder.choice(value, builder.text(' ', value)));
  } catch (error) {
    if (error instanceof GrammarTooLargeError) {
      throw refuse(parameter, 'is too large. Use fewer properties or lower limits.');
    }
    if (error instanceof EndlessGrammarError) {
      throw refuse(parameter, 'refers to itself without a property or item in between.');
    }
    throw error;
  }
}

/** Builds the states of one schema and of the schemas in it. */
class SchemaCompiler {
  readonly #json: JsonText;
  readonly #builder: GrammarBuilder;
  /** By JSON Pointer. */
  readonly #definitions = new Map<string, Rule>();

  constructor(json: JsonText) {
    this.#json = json;
    this.#builder = json.builder;
  }

  compile(value: unknown, place: Place, next: GrammarState): GrammarState {
    if (place.depth > MAX_DEPTH) {
      throw refuse(place.path, `is nested deeper than ${MAX_DEPTH} levels.`);
    }
    if (value === true) return this.#builder.call(this.#json.anyValue, next);
    const schema = asSchema(value, place.path);
    if ('$ref' in schema) return this.#reference(schema, place, next);
    if ('enum' in schema || 'const' in schema) return this.#values(schema, place, next);
    if ('anyOf' in schema) return this.#alternatives(schema, place, next);
    const types = typesOf(schema, place.path);
    checkKeywords(schema, ['type', ...types.flatMap((type) => KEYWORDS[type] ?? [])], place.path);
    if (!('type' in schema) && Object.keys(schema).every((key) => ANNOTATIONS.includes(key))) {
      return this.#builder.call(this.#json.anyValue, next);
    }
    return this.#builder.choice(...types.map((type) => this.#typed(type, schema, place, next)));
  }

  #typed(type: string, schema: Schema, place: Place, next: GrammarState): GrammarState {
    const { path } = place;
    switch (type) {
      case 'object':
        return this.#object(schema, place, next);
      case 'array': {
        const item = this.#rule(schema['items'] ?? true, inside(place, 'items'));
        const limits = readLimits(schema, ['minItems', 'maxItems'], MAX_ITEMS, path);
        return this.#json.list(item, limits, next);
      }
      case 'string':
        return this.#json.string(
          next,
          readLimits(schema, ['minLength', 'maxLength'], MAX_STRING_LENGTH, path),
        );
      case 'integer':
        return this.#integer(schema, path, next);
      case 'number':
        return this.#json.number(next);
      case 'boolean':
        return this.#builder.choice(
          this.#builder.text('true', next),
          this.#builder.text('false', next),
        );
      default:
        return this.#builder.text('null', next);
    }
  }

  #integer(schema: Schema, path: string, next: GrammarState): GrammarState {
    const limit = (keyword: string): number | undefined => {
      const value = schema[keyword];
      if (value === undefined) return undefined;
      if (typeof value === 'number' && Math.abs(value) <= MAX_INTEGER) return value;
      throw refuse(`${path}.${keyword}`, `must be a number of at most 15 digits.`);
    };
    const minimum = limit('minimum') ?? -MAX_INTEGER;
    const maximum = limit('maximum') ?? MAX_INTEGER;
    const above = limit('exclusiveMinimum') ?? -MAX_INTEGER - 1;
    const below = limit('exclusiveMaximum') ?? MAX_INTEGER + 1;
    const low = Math.max(Math.ceil(minimum), Math.floor(above) + 1);
    const high = Math.min(Math.floor(maximum), Math.ceil(below) - 1);
    if (low > high) throw refuse(path, 'allows no integer: its minimum is above its maximum.');
    return this.#json.integersBetween(low, high, next);
  }

  /** Members in the order of `properties`. Each state knows whether a comma comes before the next member. */
  #object(schema: Schema, place: Place, next: GrammarState): GrammarState {
    const { path } = place;
    const properties = Object.entries(
      schema['properties'] === undefined
        ? {}
        : asSchema(schema['properties'], `${path}.properties`),
    );
    const others = schema['additionalProperties'];
    const required = readRequired(schema['required'], properties, path);
    if (properties.length > MAX_PROPERTIES) {
      throw refuse(`${path}.properties`, `must have at most ${MAX_PROPERTIES} properties.`);
    }
    if (properties.length === 0 && others !== false) {
      return this.#json.map(
        this.#rule(others ?? true, inside(place, 'additionalProperties')),
        next,
      );
    }
    if (others !== undefined && typeof others !== 'boolean') {
      throw refuse(`${path}.additionalProperties`, 'must be false beside "properties".');
    }
    const builder = this.#builder;
    const close = this.#json.space(builder.text('}', next));
    let [atStart, afterMember] = [close, close];
    for (const [name, value] of properties.toReversed()) {
      const end = this.compile(value, inside(inside(place, 'properties'), name), afterMember);
      const member = builder.text(`${JSON.stringify(name)}:`, this.#json.space(end));
      const further = builder.text(',', this.#json.space(member));
      const first = this.#json.space(member);
      const isRequired = required.has(name);
      atStart = isRequired ? first : builder.choice(first, atStart);
      afterMember = isRequired ? further : builder.choice(further, afterMember);
    }
    return builder.text('{', atStart);
  }

  #values(schema: Schema, { path }: Place, next: GrammarState): GrammarState {
    checkKeywords(schema, ['enum', 'const', 'type'], path);
    const values = 'const' in schema ? [schema['const']] : schema['enum'];
    const isList = Array.isArray(values) && values.length > 0 && values.length <= MAX_ENUM_VALUES;
    if (!isList || ('const' in schema && 'enum' in schema)) {
      throw refuse(
        `${path}.enum`,
        `must be a list of 1 to ${MAX_ENUM_VALUES} values, without const.`,
      );
    }
    const types = typesOf(schema, path);
    const allowed = values.filter((value) => types.some((type) => isOfType(value, type)));
    if (allowed.length === 0) throw refuse(`${path}.enum`, 'has no value of the type.');
    return this.#builder.choice(
      ...allowed.map((value) => this.#builder.text(JSON.stringify(value), next)),
    );
  }

  #alternatives(schema: Schema, place: Place, next: GrammarState): GrammarState {
    checkKeywords(schema, ['anyOf'], place.path);
    const alternatives: unknown = schema['anyOf'];
    if (!Array.isArray(alternatives) || alternatives.length === 0) {
      throw refuse(`${place.path}.anyOf`, 'must be a list of schemas.');
    }
    return this.#builder.choice(
      ...alternatives.map((each: unknown, index) =>
        this.compile(each, inside(inside(place, 'anyOf'), String(index)), next),
      ),
    );
  }

  #reference(schema: Schema, { path, root, depth }: Place, next: GrammarState): GrammarState {
    checkKeywords(schema, ['$ref'], path);
    const pointer = schema['$ref'];
    if (typeof pointer !== 'string' || !/^#(\/|$)/.test(pointer)) {
      throw refuse(`${path}.$ref`, 'must be a place in this schema, such as "#/$defs/item".');
    }
    let rule = this.#definitions.get(pointer);
    if (!rule) {
      const target = resolvePointer(root, pointer);
      if (target === undefined) throw refuse(`${path}.$ref`, 'refers to nothing in this schema.');
      rule = this.#builder.rule();
      this.#definitions.set(pointer, rule);
      const place = { path: pointer, root, depth: depth + 1 };
      this.#builder.addTarget(rule.start, this.compile(target, place, this.#builder.end));
    }
    return this.#builder.call(rule, next);
  }

  #rule(value: unknown, place: Place): Rule {
    const rule = this.#builder.rule();
    this.#builder.addTarget(rule.start, this.compile(value, place, this.#builder.end));
    return rule;
  }
}

function refuse(path: string, rule: string): SalamandraError {
  return new SalamandraError('INVALID_PARAMETER', `${path} ${rule}`, {
    details: { parameter: path },
  });
}

const inside = ({ path, root, depth }: Place, name: string): Place => ({
  path: `${path}.${/^[\w-]{1,64}$/.test(name) ? name : '(unnamed)'}`,
  root,
  depth: depth + 1,
});

function asSchema(value: unknown, path: string): Schema {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Schema;
  throw refuse(path, 'must be a JSON Schema, an object.');
}

function typesOf(schema: Schema, path: string): readonly string[] {
  const { type } = schema;
  if (type === undefined) return Object.keys(KEYWORDS);
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  const isKnown = types.every((each) => typeof each === 'string' && Object.hasOwn(KEYWORDS, each));
  if (types.length > 0 && isKnown) return types as readonly string[];
  throw refuse(`${path}.type`, `must be one of ${Object.keys(KEYWORDS).join(', ')}, or a list.`);
}

function checkKeywords(schema: Schema, supported: readonly string[], path: string): void {
  for (const keyword of Object.keys(schema)) {
    if (ANNOTATIONS.includes(keyword) || supported.includes(keyword)) continue;
    const name = /^[$\w]{1,64}$/.test(keyword) ? keyword : '(unnamed)';
    throw refuse(
      `${path}.${name}`,
      'is not supported here. Leave it out, and check the answer against it.',
    );
  }
}

function readLimits(
  schema: Schema,
  [minKeyword, maxKeyword]: readonly [string, string],
  highest: number,
  path: string,
): { readonly min: number; readonly max: number | undefined } {
  const read = (keyword: string): number | undefined => {
    const value = schema[keyword];
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= highest) {
      return value;
    }
    throw refuse(`${path}.${keyword}`, `must be an integer from 0 to ${highest}.`);
  };
  const min = read(minKeyword) ?? 0;
  const max = read(maxKeyword);
  if (max !== undefined && max < min)
    throw refuse(`${path}.${maxKeyword}`, `must be at least ${min}.`);
  return { min, max };
}

function readRequired(
  value: unknown,
  properties: readonly (readonly [string, unknown])[],
  path: string,
): ReadonlySet<unknown> {
  if (value === undefined) return new Set();
  const names = new Set(properties.map(([name]) => name));
  if (Array.isArray(value) && value.every((name) => names.has(name as string))) {
    return new Set<unknown>(value);
  }
  throw refuse(`${path}.required`, 'must be a list of names in "properties".');
}

/** JSON Pointer in a URI fragment (RFC 6901, section 6). */
function resolvePointer(root: unknown, pointer: string): unknown {
  let target = root;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof target !== 'object' || target === null || !Object.hasOwn(target, name)) {
      return undefined;
    }
    target = (target as Schema)[name];
  }
  return target;
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
