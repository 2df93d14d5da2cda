import { TaintedText } from '../tainted-text.js';
import { toText } from './print-values.js';
import {
  PyDict,
  TemplateError,
  asNumber,
  text,
  type KeywordArguments,
  type Value,
} from './values.js';

const PERCENT = /%(?:\((\w+)\))?([-0]*)(\d*)(?:\.(\d+))?([sdif%])/g;

/**
 * Python's `"%s and %d" % values`, with the conversions s, d, i, f and %.
 *
 * @throws TemplateError for other conversions, and for too many or too few values
 */
export function formatPercent(format: TaintedText, values: readonly Value[]): TaintedText {
  const source = format.text;
  const parts: TaintedText[] = [];
  let [done, used] = [0, 0];
  for (const match of source.matchAll(PERCENT)) {
    const [whole, key, flags = '', width = '', digits, conversion] = match;
    assertNoPercent(source.slice(done, match.index));
    parts.push(format.slice(done, match.index));
    done = match.index + whole.length;
    if (conversion === '%') {
      parts.push(text('%'));
      continue;
    }
    const value = key === undefined ? values[used++] : lookUp(values[0], key);
    if (value === undefined) throw new TemplateError('not enough arguments for format string');
    parts.push(pad(convert(value, conversion ?? 's', digits), flags, Number(width)));
  }
  assertNoPercent(source.slice(done));
  if (used > 0 && used < values.length) {
    throw new TemplateError('not all arguments converted during string formatting');
  }
  return TaintedText.concat([...parts, format.slice(done)]);
}

function assertNoPercent(literal: string): void {
  if (literal.includes('%')) throw new TemplateError('unsupported format character');
}

function lookUp(values: Value | undefined, key: string): Value | undefined {
  return values instanceof PyDict ? values.entries.get(key) : undefined;
}

function convert(value: Value, conversion: string, digits: string | undefined): TaintedText {
  if (conversion === 's') {
    const printed = toText(value);
    return digits === undefined ? printed : printed.slice(0, Number(digits));
  }
  const number = asNumber(value);
  if (number === null) throw new TemplateError(`%${conversion} format: a number is required`);
  return text(
    conversion === 'f' ? number.toFixed(Number(digits ?? 6)) : String(Math.trunc(number)),
  );
}

function pad(printed: TaintedText, flags: string, width: number): TaintedText {
  const missing = width - Array.from(printed.text).length;
  if (missing <= 0) return printed;
  if (flags.includes('-')) return TaintedText.concat([printed, text(' '.repeat(missing))]);
  return TaintedText.concat([text((flags.includes('0') ? '0' : ' ').repeat(missing)), printed]);
}

const FIELD = /\{\{|\}\}|\{(\w*)\}/g;

/**
 * Python's `"{} and {name}".format(…)`, without attributes, conversions and format specifications.
 *
 * @throws TemplateError for other fields
 */
export function formatBraces(
  format: TaintedText,
  args: readonly Value[],
  keywords: KeywordArguments,
): TaintedText {
  const parts: TaintedText[] = [];
  let [done, next] = [0, 0];
  for (const { 0: whole, 1: name, index } of format.text.matchAll(FIELD)) {
    assertNoBrace(format.text.slice(done, index));
    parts.push(format.slice(done, index));
    done = index + whole.length;
    if (name === undefined) {
      parts.push(text(whole.slice(1)));
      continue;
    }
    const value = /^\d*$/.test(name)
      ? args[name === '' ? next++ : Number(name)]
      : keywords.get(name);
    if (value === undefined) throw new TemplateError('format: there is no value for a field');
    parts.push(toText(value));
  }
  assertNoBrace(format.text.slice(done));
  return TaintedText.concat([...parts, format.slice(done)]);
}

function assertNoBrace(literal: string): void {
  if (/[{}]/.test(literal)) throw new TemplateError('format: this field is not supported');
}
