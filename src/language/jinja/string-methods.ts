import { TaintedText } from '../tainted-text.js';
import { formatBraces } from './format-strings.js';
import { joinTexts } from './print-values.js';
import {
  PyFunction,
  PyTuple,
  TemplateError,
  asInteger,
  asText,
  characters,
  iterate,
  text,
  type KeywordArguments,
  type Value,
} from './values.js';

/** White space of Python's `str.strip()` and `str.split()`: it differs from JavaScript's. */
// eslint-disable-next-line no-control-regex
const SPACE = /[\t-\r\x1c- \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
// eslint-disable-next-line no-control-regex
const LINE_END = /\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/g;

type Method = (owner: TaintedText, args: readonly Value[], keywords: KeywordArguments) => Value;

/** A method of a Python string, bound to it; undefined if there is none of this name. */
export function stringMethod(owner: TaintedText, name: string): PyFunction | undefined {
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
  return method && new PyFunction((args, keywords) => method(owner, args, keywords));
}

const METHODS: Readonly<Record<string, Method>> = {
  upper: (owner) => owner.map((run) => run.toUpperCase()),
  lower: (owner) => owner.map((run) => run.toLowerCase()),
  casefold: (owner) => owner.map((run) => run.toLowerCase().replaceAll('ß', 'ss')),
  capitalize: (owner) => capitalize(owner),
  title: (owner) => titleCase(owner),
  strip: (owner, [set]) => strip(owner, set, 'both'),
  lstrip: (owner, [set]) => strip(owner, set, 'start'),
  rstrip: (owner, [set]) => strip(owner, set, 'end'),
  startswith: (owner, [prefixes = null]) =>
    alternatives(prefixes).some((prefix) => owner.text.startsWith(prefix)),
  endswith: (owner, [suffixes = null]) =>
    alternatives(suffixes).some((suffix) => owner.text.endsWith(suffix)),
  split: (owner, args, keywords) => split(owner, splitOptions(args, keywords), 'start'),
  rsplit: (owner, args, keywords) => split(owner, splitOptions(args, keywords), 'end'),
  splitlines: (owner, [keepsEnds = false]) => splitLines(owner, keepsEnds === true),
  partition: (owner, [separator = null]) =>
    partition(owner, asText(separator, 'the separator'), 'start'),
  rpartition: (owner, [separator = null]) =>
    partition(owner, asText(separator, 'the separator'), 'end'),
  replace: (owner, [from = null, to = null, count], keywords) =>
    replace(owner, from, to, count ?? keywords.get('count')),
  join: (owner, [items = null]) =>
    joinTexts(
      iterate(items).map((item) => asText(item, 'each item of join')),
      owner,
    ),
  find: (owner, [part = null]) =>
    position(owner, owner.text.indexOf(asText(part, 'the part').text)),
  rfind: (owner, [part = null]) =>
    position(owner, owner.text.lastIndexOf(asText(part, 'the part').text)),
  index: (owner, [part = null]) => {
    const index = owner.text.indexOf(asText(part, 'the part').text);
    if (index === -1) throw new TemplateError('substring not found');
    return position(owner, index);
  },
  count: (owner, [part = null]) => owner.text.split(asText(part, 'the part').text).length - 1,
  format: (owner, args, keywords) => formatBraces(owner, args, keywords),
  removeprefix: (owner, [part = null]) => {
    const prefix = asText(part, 'the prefix').text;
    return owner.text.startsWith(prefix) ? owner.slice(prefix.length) : owner;
  },
  removesuffix: (owner, [part = null]) => {
    const suffix = asText(part, 'the suffix').text;
    const isFound = suffix !== '' && owner.text.endsWith(suffix);
    return isFound ? owner.slice(0, owner.text.length - suffix.length) : owner;
  },
  isdigit: (owner) => /^[\p{Nd}²³¹⁰⁴-⁹₀-₉]+$/u.test(owner.text),
  isdecimal: (owner) => /^\p{Nd}+$/u.test(owner.text),
  isnumeric: (owner) => /^\p{N}+$/u.test(owner.text),
  isalpha: (owner) => /^\p{L}+$/u.test(owner.text),
  isalnum: (owner) => /^[\p{L}\p{N}]+$/u.test(owner.text),
  isspace: (owner) => owner.text !== '' && Array.from(owner.text).every((one) => SPACE.test(one)),
  isupper: (owner) => /\p{Lu}/u.test(owner.text) && !/[\p{Ll}\p{Lt}]/u.test(owner.text),
  islower: (owner) => /\p{Ll}/u.test(owner.text) && !/[\p{Lu}\p{Lt}]/u.test(owner.text),
};

function alternatives(value: Value): string[] {
  const values = value instanceof PyTuple ? value.items : [value];
  return values.map((one) => asText(one, 'the argument').text);
}

export function capitalize(owner: TaintedText): TaintedText {
  const [first, ...others] = characters(owner);
  if (!first) return owner;
  return TaintedText.concat([
    first.map((run) => run.toUpperCase()),
    TaintedText.concat(others).map((run) => run.toLowerCase()),
  ]);
}

/** A capital after each character that is not a letter. */
function titleCase(owner: TaintedText): TaintedText {
  let isInWord = false;
  return TaintedText.concat(
    characters(owner).map((character) => {
      const changed = character.map((run) => (isInWord ? run.toLowerCase() : run.toUpperCase()));
      isInWord = /[\p{Lu}\p{Ll}\p{Lt}]/u.test(character.text);
      return changed;
    }),
  );
}

/** @param set the characters to remove; white space if it is undefined or None */
export function strip(
  owner: TaintedText,
  set: Value | undefined,
  side: 'start' | 'end' | 'both',
): TaintedText {
  const stripped =
    set === undefined || set === null ? null : new Set(asText(set, 'the characters').text);
  const units = Array.from(owner.text);
  const isStripped = (character: string | undefined) =>
    character !== undefined && (stripped ? stripped.has(character) : SPACE.test(character));
  let [start, end] = [0, units.length];
  if (side !== 'end') while (start < end && isStripped(units[start])) start += 1;
  if (side !== 'start') while (end > start && isStripped(units[end - 1])) end -= 1;
  const lengthOf = (part: readonly string[]) => part.join('').length;
  const from = lengthOf(units.slice(0, start));
  return owner.slice(from, from + lengthOf(units.slice(start, end)));
}

interface SplitOptions {
  /** `null` splits at white space. */
  readonly separator: string | null;
  readonly limit: number;
}

function splitOptions(args: readonly Value[], keywords: KeywordArguments): SplitOptions {
  const separator = args[0] ?? keywords.get('sep') ?? null;
  const limit = asInteger(args[1] ?? keywords.get('maxsplit') ?? -1, 'maxsplit');
  const mark = separator === null ? null : asText(separator, 'the separator').text;
  if (mark === '') throw new TemplateError('empty separator');
  return { separator: mark, limit: limit < 0 ? Infinity : limit };
}

/** @param side where the splits begin if their number is limited */
function split(
  owner: TaintedText,
  { separator, limit }: SplitOptions,
  side: 'start' | 'end',
): TaintedText[] {
  const content = separator === null ? strip(owner, null, 'both') : owner;
  if (separator === null && content.text === '') return [];
  const gaps = findGaps(content.text, separator);
  const chosen =
    side === 'start' ? gaps.slice(0, limit) : gaps.slice(Math.max(0, gaps.length - limit));
  const ends = [...chosen.map(({ start }) => start), content.text.length];
  return ends.map((end, index) => content.slice(chosen[index - 1]?.end ?? 0, end));
}

function findGaps(content: string, separator: string | null): { start: number; end: number }[] {
  const gaps: { start: number; end: number }[] = [];
  for (let at = 0; at < content.length;) {
    const length =
      separator === null
        ? spaceLength(content, at)
        : Number(content.startsWith(separator, at)) * separator.length;
    if (length > 0) gaps.push({ start: at, end: at + length });
    at += Math.max(1, length);
  }
  return gaps;
}

function spaceLength(content: string, start: number): number {
  let end = start;
  while (end < content.length && SPACE.test(content.charAt(end))) end += 1;
  return end - start;
}

function splitLines(owner: TaintedText, keepsEnds: boolean): TaintedText[] {
  const lines: TaintedText[] = [];
  let start = 0;
  for (const { 0: end, index } of owner.text.matchAll(LINE_END)) {
    lines.push(owner.slice(start, keepsEnds ? index + end.length : index));
    start = index + end.length;
  }
  if (start < owner.text.length) lines.push(owner.slice(start));
  return lines;
}

function partition(owner: TaintedText, separator: TaintedText, side: 'start' | 'end'): PyTuple {
  const mark = separator.text;
  const index = side === 'start' ? owner.text.indexOf(mark) : owner.text.lastIndexOf(mark);
  const empty = text('');
  if (index === -1)
    return new PyTuple(side === 'start' ? [owner, empty, empty] : [empty, empty, owner]);
  return new PyTuple([owner.slice(0, index), separator, owner.slice(index + mark.length)]);
}

/** Python's `str.replace()`. An empty string matches before each character and at the end. */
export function replace(
  owner: TaintedText,
  from: Value,
  to: Value,
  count: Value | undefined,
): TaintedText {
  const mark = asText(from, 'the old text').text;
  const replacement = asText(to, 'the new text');
  const limit = count === undefined || count === null ? -1 : asInteger(count, 'count');
  let left = limit < 0 ? Infinity : limit;
  const parts: TaintedText[] = [];
  if (mark === '') {
    for (const character of characters(owner))
      parts.push(...(left-- > 0 ? [replacement] : []), character);
    if (left > 0) parts.push(replacement);
    return TaintedText.concat(parts);
  }
  let done = 0;
  for (let at = owner.text.indexOf(mark); at !== -1 && left > 0; left--) {
    parts.push(owner.slice(done, at), replacement);
    done = at + mark.length;
    at = owner.text.indexOf(mark, done);
  }
  return TaintedText.concat([...parts, owner.slice(done)]);
}

/** A UTF-16 position as a number of characters. */
function position(owner: TaintedText, index: number): number {
  return index === -1 ? -1 : Array.from(owner.text.slice(0, index)).length;
}
