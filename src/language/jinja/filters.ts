import { TaintedText } from '../tainted-text.js';
import { formatPercent } from './format-strings.js';
import { getItem } from './members.js';
import { joinTexts, toJson, toText } from './print-values.js';
import { capitalize, replace, strip, stringMethod } from './string-methods.js';
import { applyTest } from './tests.js';
import {
  PyDict,
  PyFloat,
  PyTuple,
  TemplateError,
  Undefined,
  asInteger,
  asNumber,
  asText,
  characters,
  compare,
  isEqual,
  isTruthy,
  iterate,
  lengthOf,
  text,
  typeName,
  type KeywordArguments,
  type Value,
} from './values.js';

/** The arguments of a filter, by position or name. */
type Argument = (position: number, name: string) => Value | undefined;

type Filter = (
  value: Value,
  argument: Argument,
  given: { readonly args: readonly Value[]; readonly keywords: KeywordArguments },
) => Value;

/** @throws TemplateError for an unknown filter, and for values that the filter does not take */
export function applyFilter(
  name: string,
  value: Value,
  args: readonly Value[],
  keywords: KeywordArguments,
): Value {
  const filter = Object.hasOwn(FILTERS, name) ? FILTERS[name] : undefined;
  if (!filter) throw new TemplateError(`there is no filter "${name}"`);
  return filter(value, (position, key) => args[position] ?? keywords.get(key), { args, keywords });
}

export function hasFilter(name: string): boolean {
  return Object.hasOwn(FILTERS, name);
}

const orDefault: Filter = (value, argument) => {
  const isMissing =
    value instanceof Undefined || (isTruthy(argument(1, 'boolean') ?? false) && !isTruthy(value));
  return isMissing ? (argument(0, 'default_value') ?? text('')) : value;
};
const length: Filter = (value) => lengthOf(value);

/** The filters of Jinja that concern values of chat templates, by name. */
const FILTERS: Readonly<Record<string, Filter>> = {
  abs: (value) => {
    const number = numberOf(value);
    return value instanceof PyFloat ? new PyFloat(Math.abs(number)) : Math.abs(number);
  },
  attr: (value, argument) => getItem(value, argument(0, 'name') ?? null),
  batch: (value, argument) => {
    const size = asInteger(argument(0, 'linecount') ?? null, 'the size of a batch');
    const items = iterate(value);
    return items.flatMap((_, index) =>
      index % size === 0 ? [items.slice(index, index + size)] : [],
    );
  },
  capitalize: (value) => capitalize(toText(value)),
  ...{ default: orDefault, d: orDefault },
  ...{ count: length, length },
  dictsort: (value) =>
    [...dictOf(value).entries]
      .sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
      .map(([key, item]) => new PyTuple([text(key), item])),
  first: (value) => iterate(value)[0] ?? new Undefined('No first item, sequence was empty.'),
  last: (value) => iterate(value).at(-1) ?? new Undefined('No last item, sequence was empty.'),
  float: (value, argument) => {
    const number =
      value instanceof TaintedText ? Number(value.text.trim() || NaN) : asNumber(value);
    if (number !== null && !Number.isNaN(number)) return new PyFloat(number);
    return argument(0, 'default') ?? new PyFloat(0);
  },
  format: (value, _, { args, keywords }) =>
    formatPercent(toText(value), keywords.size > 0 ? [new PyDict(keywords)] : args),
  indent: (value, argument) =>
    indent(toText(value), {
      width: argument(0, 'width') ?? 4,
      first: isTruthy(argument(1, 'first') ?? false),
      blank: isTruthy(argument(2, 'blank') ?? false),
    }),
  int: (value, argument) => {
    const number = value instanceof TaintedText ? parseInteger(value.text) : asNumber(value);
    return number === null ? (argument(0, 'default') ?? 0) : Math.trunc(number);
  },
  items: (value) =>
    value instanceof Undefined
      ? []
      : [...dictOf(value).entries].map(([key, item]) => new PyTuple([text(key), item])),
  join: (value, argument) => {
    const attribute = argument(1, 'attribute');
    const items = iterate(value).map((item) =>
      toText(attribute === undefined ? item : attributeOf(item, attribute)),
    );
    return joinTexts(items, toText(argument(0, 'd') ?? text('')));
  },
  list: (value) => [...iterate(value)],
  lower: (value) => toText(value).map((run) => run.toLowerCase()),
  map: mapItems,
  max: (value) => extreme(value, (difference) => difference > 0),
  min: (value) => extreme(value, (difference) => difference < 0),
  reject: (value, _, { args }) => iterate(value).filter((item) => !passes(item, args)),
  rejectattr: (value, _, { args: [attribute = null, ...test] }) =>
    iterate(value).filter((item) => !passes(attributeOf(item, attribute), test)),
  replace: (value, argument) =>
    replace(
      toText(value),
      argument(0, 'old') ?? null,
      argument(1, 'new') ?? null,
      argument(2, 'count'),
    ),
  reverse: (value) =>
    value instanceof TaintedText
      ? TaintedText.concat(characters(value).reverse())
      : [...iterate(value)].reverse(),
  round: (value, argument) => round(numberOf(value), argument),
  safe: (value) => value,
  select: (value, _, { args }) => iterate(value).filter((item) => passes(item, args)),
  selectattr: (value, _, { args: [attribute = null, ...test] }) =>
    iterate(value).filter((item) => passes(attributeOf(item, attribute), test)),
  sort: (value, argument) => sort(value, argument),
  string: (value) => toText(value),
  sum: (value, argument) => {
    const attribute = argument(0, 'attribute');
    const items = iterate(value).map((item) =>
      attribute === undefined ? item : attributeOf(item, attribute),
    );
    const total = items.reduce<number>((sum, item) => sum + numberOf(item), 0);
    return items.some((item) => item instanceof PyFloat) ? new PyFloat(total) : total;
  },
  title: (value) => titleWords(toText(value)),
  tojson: (value, argument) => {
    const indentation = argument(1, 'indent') ?? null;
    const separators = argument(2, 'separators') ?? null;
    const [comma = null, colon = null] = separators === null ? [] : iterate(separators);
    return toJson(value, {
      indent:
        indentation instanceof TaintedText
          ? indentation.text
          : indentation === null
            ? null
            : ' '.repeat(asInteger(indentation, 'indent')),
      separators:
        separators === null
          ? null
          : [asText(comma, 'a separator').text, asText(colon, 'a separator').text],
      escapesUnicode: isTruthy(argument(0, 'ensure_ascii') ?? false),
      sortsKeys: isTruthy(argument(3, 'sort_keys') ?? false),
    });
  },
  trim: (value, argument) => strip(toText(value), argument(0, 'chars'), 'both'),
  unique: (value) =>
    iterate(value).filter(
      (item, index, items) =>
        items.findIndex((other) => isEqual(fold(other), fold(item))) === index,
    ),
  upper: (value) => toText(value).map((run) => run.toUpperCase()),
  wordcount: (value) => toText(value).text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0,
};

/** Unlike the method `title`, the filter only begins words after white space, hyphens and opening brackets. */
function titleWords(value: TaintedText): TaintedText {
  let isInWord = false;
  return TaintedText.concat(
    characters(value).map((character) => {
      const changed = character.map((run) => (isInWord ? run.toLowerCase() : run.toUpperCase()));
      isInWord = !/[-\s({[<]/.test(character.text);
      return changed;
    }),
  );
}

function numberOf(value: Value): number {
  const number = asNumber(value);
  if (number === null) throw new TemplateError(`'${typeName(value)}' is not a number`);
  return number;
}

function dictOf(value: Value): PyDict {
  if (value instanceof PyDict) return value;
  throw new TemplateError(`'${typeName(value)}' is not a dictionary`);
}

function parseInteger(source: string): number | null {
  const number = Number(source.trim() || NaN);
  return Number.isNaN(number) ? null : number;
}

/** `message.content` or `0`: the attribute of an item, by keys and indexes. */
function attributeOf(item: Value, attribute: Value): Value {
  const path =
    typeof attribute === 'number'
      ? [String(attribute)]
      : asText(attribute, 'the attribute').text.split('.');
  return path.reduce<Value>(
    (owner, key) => getItem(owner, /^\d+$/.test(key) ? Number(key) : text(key)),
    item,
  );
}

/** Whether an item passes a test; without a test, whether it is true. */
function passes(item: Value, [test, ...args]: readonly Value[]): boolean {
  return test === undefined ? isTruthy(item) : applyTest(asText(test, 'the test').text, item, args);
}

/** `map(attribute=…)`, or `map("filter", …)`. */
function mapItems(
  value: Value,
  ...[, { args, keywords }]: [
    Argument,
    { readonly args: readonly Value[]; readonly keywords: KeywordArguments },
  ]
): Value {
  const attribute = keywords.get('attribute');
  if (attribute !== undefined) {
    const fallback = keywords.get('default');
    return iterate(value).map((item) => {
      const found = attributeOf(item, attribute);
      return found instanceof Undefined && fallback !== undefined ? fallback : found;
    });
  }
  const [filter = null, ...others] = args;
  const name = asText(filter, 'the filter').text;
  return iterate(value).map((item) => applyFilter(name, item, others, keywords));
}

/** Strings without regard to case, as sorting and `unique` compare them. */
function fold(value: Value): Value {
  return value instanceof TaintedText ? value.map((run) => run.toLowerCase()) : value;
}

function sort(value: Value, argument: Argument): Value {
  const isReversed = isTruthy(argument(0, 'reverse') ?? false);
  const isCaseSensitive = isTruthy(argument(1, 'case_sensitive') ?? false);
  const attribute = argument(2, 'attribute');
  const keyOf = (item: Value): Value => {
    const key = attribute === undefined ? item : attributeOf(item, attribute);
    return isCaseSensitive ? key : fold(key);
  };
  return [...iterate(value)].sort((a, b) => compare(keyOf(a), keyOf(b)) * (isReversed ? -1 : 1));
}

function extreme(value: Value, isBetter: (difference: number) => boolean): Value {
  const [first, ...others] = iterate(value);
  if (first === undefined) return new Undefined('No aggregated item, sequence was empty.');
  return others.reduce<Value>(
    (best, item) => (isBetter(compare(fold(item), fold(best))) ? item : best),
    first,
  );
}

function indent(
  value: TaintedText,
  {
    width,
    first,
    blank,
  }: { readonly width: Value; readonly first: boolean; readonly blank: boolean },
): TaintedText {
  const prefix = width instanceof TaintedText ? width : text(' '.repeat(asInteger(width, 'width')));
  const lines = iterate(
    stringMethod(TaintedText.concat([value, text('\n')]), 'splitlines')?.call([], new Map()) ??
      null,
  ).map((line) => asText(line, 'a line'));
  return joinTexts(
    lines.map((line, index) => {
      const isIndented = index === 0 ? first : blank || line.text !== '';
      return isIndented ? TaintedText.concat([prefix, line]) : line;
    }),
    text('\n'),
  );
}

/** Half away from even is not Python's: it rounds halves to even. */
function round(number: number, argument: Argument): Value {
  const factor = 10 ** asInteger(argument(0, 'precision') ?? 0, 'precision');
  const method = argument(1, 'method');
  const scaled = number * factor;
  if (method !== undefined && asText(method, 'method').text !== 'common') {
    const operate = asText(method, 'method').text === 'ceil' ? Math.ceil : Math.floor;
    return new PyFloat(operate(scaled) / factor);
  }
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const isUp = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  return new PyFloat((floor + Number(isUp)) / factor);
}
