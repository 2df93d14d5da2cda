import { TaintedText } from '../tainted-text.js';
import { stringMethod } from './string-methods.js';
import {
  Namespace,
  PyDict,
  PyFunction,
  PyTuple,
  TemplateError,
  Undefined,
  asText,
  characters,
  isEqual,
  iterate,
  text,
  typeName,
  type Value,
} from './values.js';

/** `owner.name`: a method, else a key. */
export function getAttribute(owner: Value, name: string): Value {
  if (owner instanceof Undefined) throw owner.error();
  const method = methodOf(owner, name);
  if (method) return method;
  if (owner instanceof Namespace) return owner.attributes.get(name) ?? new Undefined(name);
  return getEntry(owner, name);
}

/** `owner[key]`: a key or index, else a method. */
export function getItem(owner: Value, key: Value): Value {
  if (owner instanceof Undefined) throw owner.error();
  if (key instanceof TaintedText) {
    const entry =
      owner instanceof Namespace ? getAttribute(owner, key.text) : getEntry(owner, key.text);
    return entry instanceof Undefined ? (methodOf(owner, key.text) ?? entry) : entry;
  }
  const index = typeof key === 'boolean' ? Number(key) : key;
  if (typeof index !== 'number' || !isSequence(owner))
    return new Undefined(`${typeName(owner)} object item`);
  const items = owner instanceof TaintedText ? characters(owner) : iterate(owner);
  return items.at(index) ?? (hasIndex(items, index) ? null : new Undefined('list object item'));
}

function hasIndex(items: readonly Value[], index: number): boolean {
  return index >= -items.length && index < items.length;
}

function getEntry(owner: Value, name: string): Value {
  if (!(owner instanceof PyDict)) return new Undefined(`${typeName(owner)} object.${name}`);
  const value = owner.entries.get(name);
  return value === undefined ? new Undefined(`dict object.${name}`) : value;
}

function isSequence(value: Value): value is TaintedText | Value[] | PyTuple {
  return value instanceof TaintedText || Array.isArray(value) || value instanceof PyTuple;
}

/** Python's slicing of strings, lists and tuples. */
export function getSlice(
  owner: Value,
  start: number | null,
  stop: number | null,
  step: number | null,
): Value {
  if (owner instanceof Undefined) throw owner.error();
  if (!isSequence(owner))
    throw new TemplateError(`'${typeName(owner)}' object is not subscriptable`);
  const items = owner instanceof TaintedText ? characters(owner) : iterate(owner);
  const picked = sliceIndexes(items.length, start, stop, step ?? 1).map(
    (index) => items[index] ?? null,
  );
  if (owner instanceof TaintedText) {
    return TaintedText.concat(picked.map((item) => asText(item, 'a character')));
  }
  return owner instanceof PyTuple ? new PyTuple(picked) : picked;
}

function sliceIndexes(
  length: number,
  start: number | null,
  stop: number | null,
  step: number,
): number[] {
  if (step === 0) throw new TemplateError('slice step cannot be zero');
  const [lowest, highest] = step > 0 ? [0, length] : [-1, length - 1];
  const clamp = (index: number | null, fallback: number): number => {
    if (index === null) return fallback;
    return Math.min(highest, Math.max(lowest, index < 0 ? index + length : index));
  };
  const from = clamp(start, step > 0 ? lowest : highest);
  const to = clamp(stop, step > 0 ? highest : lowest);
  const indexes: number[] = [];
  for (let index = from; step > 0 ? index < to : index > to; index += step) indexes.push(index);
  return indexes;
}

/** Methods that would change their owner: the sandbox of transformers refuses them too. */
const MUTATING = new Set([
  ...['append', 'extend', 'insert', 'remove', 'reverse', 'sort', 'clear', 'pop', 'popitem'],
  ...['setdefault', 'update'],
]);

function methodOf(owner: Value, name: string): PyFunction | undefined {
  if (owner instanceof TaintedText) return stringMethod(owner, name);
  if (owner instanceof PyDict) return dictMethod(owner, name);
  if (!Array.isArray(owner) && !(owner instanceof PyTuple)) return undefined;
  if (MUTATING.has(name)) throw changesOwner(name);
  const items = iterate(owner);
  switch (name) {
    case 'index':
      return new PyFunction(([wanted = null]) => {
        const index = items.findIndex((item) => isEqual(item, wanted));
        if (index === -1) throw new TemplateError('the value is not in the list');
        return index;
      });
    case 'count':
      return new PyFunction(
        ([wanted = null]) => items.filter((item) => isEqual(item, wanted)).length,
      );
    case 'copy':
      return new PyFunction(() => [...items]);
    default:
      return undefined;
  }
}

function dictMethod({ entries }: PyDict, name: string): PyFunction | undefined {
  switch (name) {
    case 'get':
      return new PyFunction(([key = null, fallback = null]) => {
        const value = key instanceof TaintedText ? entries.get(key.text) : undefined;
        return value === undefined ? fallback : value;
      });
    case 'items':
      return new PyFunction(() =>
        [...entries].map(([key, value]) => new PyTuple([text(key), value])),
      );
    case 'keys':
      return new PyFunction(() => [...entries.keys()].map(text));
    case 'values':
      return new PyFunction(() => [...entries.values()]);
    case 'copy':
      return new PyFunction(() => new PyDict(entries));
    default:
      if (MUTATING.has(name) && !entries.has(name)) throw changesOwner(name);
      return undefined;
  }
}

function changesOwner(name: string): TemplateError {
  return new TemplateError(`the method ${name} is not allowed, because it changes its object`);
}
