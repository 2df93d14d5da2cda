import { TaintedText } from '../tainted-text.js';
import { formatPercent } from './format-strings.js';
import { toText } from './print-values.js';
import {
  PyFloat,
  PyTuple,
  TemplateError,
  Undefined,
  asInteger,
  asNumber,
  compare,
  contains,
  isEqual,
  iterate,
  typeName,
  type Value,
} from './values.js';

/** Evaluates a binary operator as Python does. `and` and `or` are not among them: they evaluate one side only. */
export function applyOperator(operator: string, left: Value, right: Value): Value {
  const operate = OPERATORS[operator];
  if (!operate) throw new TemplateError(`the operator ${operator} is not supported`);
  return operate(left, right);
}

const OPERATORS: Readonly<Record<string, (left: Value, right: Value) => Value>> = {
  '==': (left, right) => isEqual(left, right),
  '!=': (left, right) => !isEqual(left, right),
  '<': (left, right) => compare(left, right) < 0,
  '>': (left, right) => compare(left, right) > 0,
  '<=': (left, right) => compare(left, right) <= 0,
  '>=': (left, right) => compare(left, right) >= 0,
  in: (left, right) => contains(right, left),
  'not in': (left, right) => !contains(right, left),
  '~': (left, right) => TaintedText.concat([toText(left), toText(right)]),
  '+': add,
  '-': (left, right) => calculate('-', left, right, (a, b) => a - b),
  '*': multiply,
  '/': (left, right) => new PyFloat(divide(left, right, '/', (a, b) => a / b)),
  '//': (left, right) =>
    keepType(
      left,
      right,
      divide(left, right, '//', (a, b) => Math.floor(a / b)),
    ),
  '%': remainder,
  '**': power,
};

function add(left: Value, right: Value): Value {
  if (left instanceof TaintedText && right instanceof TaintedText) {
    return TaintedText.concat([left, right]);
  }
  if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (left instanceof PyTuple && right instanceof PyTuple) {
    return new PyTuple([...left.items, ...right.items]);
  }
  if (left instanceof TaintedText && !(right instanceof Undefined)) {
    throw new TemplateError(`can only concatenate str (not "${typeName(right)}") to str`);
  }
  return calculate('+', left, right, (a, b) => a + b);
}

function multiply(left: Value, right: Value): Value {
  const [sequence, count] = asNumber(left) === null ? [left, right] : [right, left];
  if (sequence instanceof TaintedText && asNumber(count) !== null) {
    return TaintedText.concat(Array<TaintedText>(repetitions(count)).fill(sequence));
  }
  if (Array.isArray(sequence) && asNumber(count) !== null) {
    return Array<Value[]>(repetitions(count)).fill(sequence).flat();
  }
  return calculate('*', left, right, (a, b) => a * b);
}

/** As for `range()`: a template must not exhaust the memory. */
const MAX_REPETITIONS = 100_000;

function repetitions(count: Value): number {
  const number = Math.max(0, asInteger(count, 'the number of repetitions'));
  if (number > MAX_REPETITIONS) throw new TemplateError(`more than ${MAX_REPETITIONS} repetitions`);
  return number;
}

/** Numbers, or the formatting of a string. The result has the sign of the divisor. */
function remainder(left: Value, right: Value): Value {
  if (left instanceof TaintedText) {
    return formatPercent(left, right instanceof PyTuple ? iterate(right) : [right]);
  }
  const result = divide(left, right, '%', (a, b) => a - b * Math.floor(a / b));
  return keepType(left, right, result);
}

function power(left: Value, right: Value): Value {
  const [base, exponent] = operands('**', left, right);
  if (base === 0 && exponent < 0) {
    throw new TemplateError('0.0 cannot be raised to a negative power');
  }
  return exponent < 0 ? new PyFloat(base ** exponent) : keepType(left, right, base ** exponent);
}

function calculate(
  operator: string,
  left: Value,
  right: Value,
  operate: (a: number, b: number) => number,
): Value {
  return keepType(left, right, operate(...operands(operator, left, right)));
}

function divide(
  left: Value,
  right: Value,
  operator: string,
  operate: (a: number, b: number) => number,
): number {
  const [a, b] = operands(operator, left, right);
  if (b === 0) throw new TemplateError('division by zero');
  return operate(a, b);
}

/** A float if one of the operands is. @throws TemplateError for integers that are not exact here */
function keepType(left: Value, right: Value, result: number): Value {
  if (left instanceof PyFloat || right instanceof PyFloat) return new PyFloat(result);
  if (!Number.isSafeInteger(result))
    throw new TemplateError('integers above 2^53 are not supported');
  return result;
}

function operands(operator: string, left: Value, right: Value): [number, number] {
  const [a, b] = [asNumber(left), asNumber(right)];
  if (a !== null && b !== null) return [a, b];
  for (const value of [left, right]) if (value instanceof Undefined) throw value.error();
  throw new TemplateError(
    `unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`,
  );
}
