import { strftime } from './strftime.js';
import { toText } from './print-values.js';
import { Scope } from './scope.js';
import {
  Namespace,
  PyDict,
  PyFunction,
  TemplateError,
  asInteger,
  asText,
  iterate,
  text,
  type KeywordArguments,
  type Value,
} from './values.js';

/** As in Jinja's sandbox. */
const MAX_RANGE = 100_000;

/** The functions and constants that transformers gives to every chat template. */
export function createGlobals(): Scope {
  const globals = new Scope(null);
  for (const [name, value] of Object.entries(CONSTANTS)) {
    globals.set(name, value);
    globals.set(name.charAt(0).toUpperCase() + name.slice(1), value);
  }
  for (const [name, call] of Object.entries(FUNCTIONS)) globals.set(name, new PyFunction(call));
  return globals;
}

const CONSTANTS: Readonly<Record<string, Value>> = { true: true, false: false, none: null };

const FUNCTIONS: Readonly<
  Record<string, (args: readonly Value[], keywords: KeywordArguments) => Value>
> = {
  raise_exception: ([message = text('')]) => {
    throw new TemplateError(toText(message).text);
  },
  strftime_now: ([format = null]) => text(strftime(new Date(), asText(format, 'the format').text)),
  range: (args) => {
    const [a = 0, b, step = 1] = args.map((value) => asInteger(value, 'an argument of range'));
    const [start, stop] = b === undefined ? [0, a] : [a, b];
    if (step === 0) throw new TemplateError('range() arg 3 must not be zero');
    const length = Math.max(0, Math.ceil((stop - start) / step));
    if (length > MAX_RANGE) throw new TemplateError(`range() has more than ${MAX_RANGE} items`);
    return Array.from({ length }, (_, index) => start + index * step);
  },
  namespace: (args, keywords) => new Namespace(collect(args, keywords)),
  dict: (args, keywords) => new PyDict(collect(args, keywords)),
  joiner: ([separator = text(', ')]) => {
    let isUsed = false;
    return new PyFunction(() => {
      const printed = isUsed ? separator : text('');
      isUsed = true;
      return printed;
    });
  },
};

/** A dictionary or pairs, then the keyword arguments. */
function collect([source]: readonly Value[], keywords: KeywordArguments): Map<string, Value> {
  const entries = new Map<string, Value>();
  if (source instanceof PyDict) for (const [key, value] of source.entries) entries.set(key, value);
  else if (source !== undefined) {
    for (const pair of iterate(source)) {
      const [key = null, value = null] = iterate(pair);
      entries.set(asText(key, 'a key').text, value);
    }
  }
  for (const [key, value] of keywords) entries.set(key, value);
  return entries;
}
