import { TaintedText } from '../tainted-text.js';

/** A value in a template, with Python's meaning. Numbers are integers; `PyFloat` holds the others. */
export type Value =
  | TaintedText
  | number
  | PyFloat
  | boolean
  | null
  | Undefined
  | Value[]
  | PyTuple
  | PyDict
  | Namespace
  | PyFunction;

/** An error that the template raises, or that Python would raise in its place. */
export class TemplateError extends Error {}

export class PyFloat {
  constructor(readonly value: number) {}
}

export class PyTuple {
  constructor(readonly items: readonly Value[]) {}
}

/** A dictionary whose keys are strings. */
export class PyDict {
  constructor(readonly entries: ReadonlyMap<string, Value>) {}
}

/** Made by `namespace()`; the only object whose attributes a template may set. `loop` is one too. */
export class Namespace {
  constructor(readonly attributes: Map<string, Value>) {}
}

/** A variable, key or attribute that does not exist. It prints nothing, and only some uses of it are errors. */
export class Undefined {
  constructor(readonly name: string) {}

  error(): TemplateError {
    return new TemplateError(`'${this.name}' is undefined`);
  }
}

export type KeywordArguments = ReadonlyMap<string, Value>;

export class PyFunction {
  constructor(readonly call: (args: readonly Value[], keywords: KeywordArguments) => Value) {}
}

/** Text that the template itself wrote. */
export function text(value: string): TaintedText {
  return TaintedText.fromTemplate(value);
}

export function isTruthy(value: Value): boolean {
  if (value instanceof TaintedText) return value.text !== '';
  if (typeof value === 'number' || typeof value === 'boolean') return Boolean(value);
  if (value instanceof PyFloat) return value.value !== 0;
  if (value === null || value instanceof Undefined) return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof PyTuple) return value.items.length > 0;
  if (value instanceof PyDict) return value.entries.size > 0;
  return true;
}

/** The name of a value's type in Python. */
export function typeName(value: Value): string {
  if (value instanceof TaintedText) return 'str';
  if (typeof value === 'number') return 'int';
  if (value instanceof PyFloat) return 'float';
  if (typeof value === 'boolean') return 'bool';
  if (value === null) return 'NoneType';
  if (value instanceof Undefined) return 'Undefined';
  if (Array.isArray(value)) return 'list';
  if (value instanceof PyTuple) return 'tuple';
  if (value instanceof PyDict) return 'dict';
  return value instanceof Namespace ? 'Namespace' : 'function';
}

/** A number, with booleans as 0 and 1; `null` for other values. */
export function asNumber(value: Value): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  return value instanceof PyFloat ? value.value : null;
}

/** @throws TemplateError unless the value is an integer or a boolean */
export function asInteger(value: Value, label: string): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  throw new TemplateError(`${label} must be an integer, not ${typeName(value)}`);
}

/** @throws TemplateError unless the value is a string */
export function asText(value: Value, label: string): TaintedText {
  if (value instanceof TaintedText) return value;
  throw new TemplateError(`${label} must be str, not ${typeName(value)}`);
}

/** The items of an iteration: characters, items or keys. @throws TemplateError for values that have none */
export function iterate(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value;
  if (value instanceof PyTuple) return value.items;
  if (value instanceof PyDict) return [...value.entries.keys()].map(text);
  if (value instanceof TaintedText) return characters(value);
  if (value instanceof Undefined) return [];
  throw new TemplateError(`'${typeName(value)}' object is not iterable`);
}

/** The characters (code points) of a text. */
export function characters(value: TaintedText): TaintedText[] {
  return value.runs.flatMap(({ text: run, isUser }) =>
    Array.from(run, (character) =>
      isUser ? TaintedText.fromUser(character) : TaintedText.fromTemplate(character),
    ),
  );
}

/** Python's `len()`. Characters are code points. */
export function lengthOf(value: Value): number {
  if (value instanceof TaintedText) return Array.from(value.text).length;
  if (value instanceof PyDict) return value.entries.size;
  if (Array.isArray(value) || value instanceof PyTuple || value instanceof Undefined) {
    return iterate(value).length;
  }
  throw new TemplateError(`object of type '${typeName(value)}' has no len()`);
}

export function isEqual(left: Value, right: Value): boolean {
  if (left instanceof TaintedText && right instanceof TaintedText) return left.text === right.text;
  const [a, b] = [asNumber(left), asNumber(right)];
  if (a !== null && b !== null) return a === b;
  if (left instanceof Undefined && right instanceof Undefined) return true;
  if (left instanceof PyDict && right instanceof PyDict) {
    return (
      left.entries.size === right.entries.size &&
      [...left.entries].every(([key, value]) => {
        const other = right.entries.get(key);
        return other !== undefined && isEqual(value, other);
      })
    );
  }
  const isSameSequence =
    (Array.isArray(left) && Array.isArray(right)) ||
    (left instanceof PyTuple && right instanceof PyTuple);
  if (!isSameSequence) return left === right;
  const [items, others] = [iterate(left), iterate(right)];
  return (
    items.length === others.length &&
    items.every((item, index) => isEqual(item, others[index] ?? null))
  );
}

/** The order of two numbers or two strings: negative, zero or positive. @throws TemplateError for other values */
export function compare(left: Value, right: Value): number {
  const [a, b] = [asNumber(left), asNumber(right)];
  if (a !== null && b !== null) return a - b;
  if (left instanceof TaintedText && right instanceof TaintedText) {
    return compareText(left.text, right.text);
  }
  for (const value of [left, right]) if (value instanceof Undefined) throw value.error();
  throw new TemplateError(
    `'<' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`,
  );
}

/** By code points, as Python does. */
function compareText(left: string, right: string): number {
  const [a, b] = [Array.from(left), Array.from(right)];
  const index = a.findIndex((character, position) => character !== b[position]);
  if (index === -1) return a.length - b.length;
  return (a[index]?.codePointAt(0) ?? 0) - (b[index]?.codePointAt(0) ?? -1);
}

/** @throws TemplateError if the container cannot contain anything */
export function contains(container: Value, item: Value): boolean {
  if (container instanceof TaintedText) {
    if (item instanceof TaintedText) return container.text.includes(item.text);
    throw new TemplateError(`'in <string>' requires string as left operand, not ${typeName(item)}`);
  }
  if (container instanceof PyDict) {
    return item instanceof TaintedText && container.entries.has(item.text);
  }
  return iterate(container).some((member) => isEqual(member, item));
}

/** Converts plain JSON values. @param toText decides whose characters the strings are. */
export function fromJson(value: unknown, toText: (value: string) => TaintedText = text): Value {
  if (value instanceof TaintedText || value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return toText(value);
  if (typeof value === 'number') return Number.isInteger(value) ? value : new PyFloat(value);
  if (Array.isArray(value)) return value.map((item) => fromJson(item, toText));
  if (typeof value === 'object') {
    return new PyDict(
      new Map(Object.entries(value).map(([key, item]) => [key, fromJson(item, toText)])),
    );
  }
  return new Undefined('value');
}
