import { TaintedText } from '../tainted-text.js';
import {
  PyDict,
  PyFloat,
  PyFunction,
  PyTuple,
  TemplateError,
  Undefined,
  asInteger,
  asNumber,
  compare,
  contains,
  isEqual,
  typeName,
  type Value,
} from './values.js';

type Test = (value: Value, args: readonly Value[]) => boolean;

const not =
  (test: Test): Test =>
  (value, args) =>
    !test(value, args);
const isSame: Test = (value, [other = null]) => isEqual(value, other);
const order =
  (accepts: (difference: number) => boolean): Test =>
  (value, [other = null]) =>
    accepts(compare(value, other));
const divides = (value: Value, divisor: number): boolean => {
  const number = asNumber(value);
  if (number === null) throw new TemplateError(`'${typeName(value)}' is not a number`);
  return number % divisor === 0;
};
const isUndefined: Test = (value) => value instanceof Undefined;
const isSequence: Test = (value) =>
  value instanceof TaintedText ||
  Array.isArray(value) ||
  value instanceof PyTuple ||
  value instanceof PyDict;

const greater = order((difference) => difference > 0);
const less = order((difference) => difference < 0);
const atLeast = order((difference) => difference >= 0);
const atMost = order((difference) => difference <= 0);

/** The tests of Jinja that concern values of chat templates, by name. */
const TESTS: Readonly<Record<string, Test>> = {
  boolean: (value) => typeof value === 'boolean',
  callable: (value) => value instanceof PyFunction,
  defined: not(isUndefined),
  divisibleby: (value, [divisor = null]) => divides(value, asInteger(divisor, 'the divisor')),
  even: (value) => divides(value, 2),
  odd: (value) => !divides(value, 2),
  false: (value) => value === false,
  true: (value) => value === true,
  float: (value) => value instanceof PyFloat,
  integer: (value) => typeof value === 'number',
  number: (value) => asNumber(value) !== null,
  none: (value) => value === null,
  string: (value) => value instanceof TaintedText,
  mapping: (value) => value instanceof PyDict,
  sequence: isSequence,
  iterable: (value) => isSequence(value, []) || isUndefined(value, []),
  lower: (value) => value instanceof TaintedText && value.text === value.text.toLowerCase(),
  upper: (value) => value instanceof TaintedText && value.text === value.text.toUpperCase(),
  undefined: isUndefined,
  in: (value, [container = null]) => contains(container, value),
  ...{ '==': isSame, eq: isSame, equalto: isSame, sameas: isSame },
  ...{ '!=': not(isSame), ne: not(isSame) },
  ...{ '>': greater, gt: greater, greaterthan: greater, '>=': atLeast, ge: atLeast },
  ...{ '<': less, lt: less, lessthan: less, '<=': atMost, le: atMost },
};

/** @throws TemplateError for an unknown test */
export function applyTest(name: string, value: Value, args: readonly Value[]): boolean {
  const test = Object.hasOwn(TESTS, name) ? TESTS[name] : undefined;
  if (!test) throw new TemplateError(`there is no test "${name}"`);
  return test(value, args);
}

export function hasTest(name: string): boolean {
  return Object.hasOwn(TESTS, name);
}
