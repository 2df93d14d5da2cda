import { TaintedText } from '../tainted-text.js';
import {
  Namespace,
  PyDict,
  PyFloat,
  PyTuple,
  TemplateError,
  Undefined,
  text,
  typeName,
  type Value,
} from './values.js';

/** Python's `str()`: how a value is printed. */
export function toText(value: Value): TaintedText {
  if (value instanceof TaintedText) return value;
  return value instanceof Undefined ? text('') : toRepr(value);
}

/** Python's `repr()`: how a value is printed inside a list or dictionary. */
function toRepr(value: Value): TaintedText {
  if (value instanceof TaintedText) return quote(value);
  if (value === null) return text('None');
  if (typeof value === 'boolean') return text(value ? 'True' : 'False');
  if (typeof value === 'number') return text(String(value));
  if (value instanceof PyFloat) return text(printFloat(value.value));
  if (Array.isArray(value)) return surround('[', value.map(toRepr), ']', ', ');
  if (value instanceof PyTuple) {
    return surround('(', value.items.map(toRepr), value.items.length === 1 ? ',)' : ')', ', ');
  }
  if (value instanceof PyDict) return printDict(value, toRepr, ['{', '}'], ', ', ': ');
  if (value instanceof Undefined) return text('Undefined');
  if (value instanceof Namespace) return text('<Namespace>');
  throw new TemplateError(`a ${typeName(value)} cannot be printed`);
}

function printDict(
  { entries }: PyDict,
  print: (value: Value) => TaintedText,
  [open, close]: readonly [string, string],
  separator: string,
  colon: string,
): TaintedText {
  const items = [...entries].map(([key, value]) =>
    TaintedText.concat([print(text(key)), text(colon), print(value)]),
  );
  return surround(open, items, close, separator);
}

function surround(
  open: string,
  items: readonly TaintedText[],
  close: string,
  separator: string,
): TaintedText {
  return TaintedText.concat([text(open), joinTexts(items, text(separator)), text(close)]);
}

export function joinTexts(items: readonly TaintedText[], separator: TaintedText): TaintedText {
  return TaintedText.concat(
    items.flatMap((item, index) => (index === 0 ? [item] : [separator, item])),
  );
}

/** Whole numbers keep a decimal, and exponents have two digits. */
function printFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Number.isInteger(value) && Math.abs(value) < 1e16) {
    return `${Object.is(value, -0) ? '-0' : value}.0`;
  }
  const size = Math.abs(value);
  const printed = size < 1e-4 || size >= 1e16 ? value.toExponential() : String(value);
  return printed.replace(/e([+-])(\d)$/, 'e$10$2');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** Single quotes, unless the string contains some and no double quotes. */
function quote(value: TaintedText): TaintedText {
  const mark = value.text.includes("'") && !value.text.includes('"') ? '"' : "'";
  const escaped = value.map((run) =>
    run.replace(/[\p{C}\p{Zl}\p{Zp}\p{Zs}\\'"]/gu, (character) => {
      if (character === ' ') return character;
      if (character === '"' || character === "'")
        return character === mark ? `\\${mark}` : character;
      return ESCAPES[character] ?? escapeCodePoint(character);
    }),
  );
  return TaintedText.concat([text(mark), escaped, text(mark)]);
}

function escapeCodePoint(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

export interface JsonStyle {
  /** Spaces or a string per level; `null` for one line. */
  readonly indent: string | null;
  readonly separators: readonly [string, string] | null;
  readonly sortsKeys: boolean;
  readonly escapesUnicode: boolean;
}

/** Python's `json.dumps()`. @throws TemplateError for values that JSON does not have */
export function toJson(value: Value, style: JsonStyle, depth = 0): TaintedText {
  const { indent, sortsKeys } = style;
  const [comma, colon] = style.separators ?? [indent === null ? ', ' : ',', ': '];
  const inner = (item: Value) => toJson(item, style, depth + 1);
  const brackets = (open: string, close: string, isEmpty: boolean): [string, string, string] => {
    if (indent === null || isEmpty) return [open, close, comma];
    const [outside, inside] = [`\n${indent.repeat(depth)}`, `\n${indent.repeat(depth + 1)}`];
    return [open + inside, outside + close, comma + inside];
  };
  if (value instanceof TaintedText) return jsonString(value, style.escapesUnicode);
  if (value === null) return text('null');
  if (typeof value === 'boolean' || typeof value === 'number') return text(String(value));
  if (value instanceof PyFloat) return text(printFloat(value.value));
  if (Array.isArray(value) || value instanceof PyTuple) {
    const items = Array.isArray(value) ? value : value.items;
    const [open, close, separator] = brackets('[', ']', items.length === 0);
    return surround(open, items.map(inner), close, separator);
  }
  if (value instanceof PyDict) {
    const entries = [...value.entries];
    if (sortsKeys) entries.sort(([a], [b]) => (a < b ? -1 : 1));
    const [open, close, separator] = brackets('{', '}', entries.length === 0);
    return printDict(new PyDict(new Map(entries)), inner, [open, close], separator, colon);
  }
  throw new TemplateError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function jsonString(value: TaintedText, escapesUnicode: boolean): TaintedText {
  const escaped = value.map((run) => {
    // JSON.stringify leaves U+007F as it is, as Python does, and escapes only lone surrogates beyond ASCII.
    const json = JSON.stringify(run).slice(1, -1);
    if (!escapesUnicode) return json;
    return json.replace(/[\x7f-\uffff]/g, (unit) =>
      unit === '\x7f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  });
  return TaintedText.concat([text('"'), escaped, text('"')]);
}
