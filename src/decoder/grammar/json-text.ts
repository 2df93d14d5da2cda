import {
  type ByteRange,
  type GrammarBuilder,
  type GrammarState,
  MAX_FREE_TEXT,
  type Rule,
} from './byte-automaton.js';

const byteOf = (character: string): number => character.charCodeAt(0);
const only = (...characters: readonly string[]): ByteRange[] =>
  characters.map((character) => [byteOf(character), byteOf(character)]);
const range = (characters: string): ByteRange => [byteOf(characters), byteOf(characters.slice(1))];

const DIGIT: readonly ByteRange[] = [range('09')];
const HEX: readonly ByteRange[] = [range('09'), range('af'), range('AF')];
const QUOTE = only('"');

/** Longer numbers lose digits in IEEE 754 doubles (RFC 8259, section 6). */
const MAX_DIGITS = 15;
/** An indentation of five levels of four spaces. A model that may write more fills its answer with it. */
const MAX_INDENTATION = 20;

/** Characters in a string. */
export interface TextLength {
  readonly min: number;
  /** Undefined: no limit. */
  readonly max?: number | undefined;
}

/** The lexical parts of JSON (RFC 8259) as states of a grammar. Each takes the state that follows it. */
export class JsonText {
  readonly builder: GrammarBuilder;
  #anyValue: Rule | null = null;
  #character: Rule | null = null;

  constructor(builder: GrammarBuilder) {
    this.builder = builder;
  }

  /** Nothing, a space, or a line break with an indentation. */
  space(next: GrammarState): GrammarState {
    const { builder } = this;
    let indentation = next;
    for (let count = 0; count < MAX_INDENTATION; count++) {
      indentation = builder.choice(next, builder.bytes(only(' ', '\t'), indentation));
    }
    const state = builder.choice(next);
    builder.addBytes(state, only(' '), next);
    builder.addBytes(state, only('\n'), indentation);
    return state;
  }

  /** A string with its quotation marks, of well-formed UTF-8 (RFC 3629, section 4). */
  string(next: GrammarState, { min, max }: TextLength = { min: 0 }): GrammarState {
    const { builder } = this;
    const close = builder.bytes(QUOTE, next);
    const last = builder.state();
    builder.addTarget(last, close);
    if (max === undefined) {
      builder.addTarget(last, builder.call(this.#anyCharacter(), last));
      builder.markFreeText(last);
    }
    let state = last;
    // With a limit, `last` has all characters; without one, the first `min` are counted.
    const counted = max ?? min;
    for (let count = counted - 1; count >= 0; count--) {
      const before = builder.choice(builder.call(this.#anyCharacter(), state));
      if (count >= min) builder.addTarget(before, close);
      if (max === undefined || max - count >= MAX_FREE_TEXT) builder.markFreeText(before);
      state = before;
    }
    return builder.bytes(QUOTE, state);
  }

  /** One character of a string, or one escape. Surrogates come in pairs only. */
  #anyCharacter(): Rule {
    if (this.#character) return this.#character;
    const { builder } = this;
    const { end } = builder;
    this.#character = builder.rule();
    const { start } = this.#character;
    const tail: readonly ByteRange[] = [[0x80, 0xbf]];
    const one = builder.bytes(tail, end);
    const two = builder.bytes(tail, one);
    const rows: readonly (readonly [first: ByteRange[], next: GrammarState])[] = [
      [
        [
          [0x20, 0x21],
          [0x23, 0x5b],
          [0x5d, 0x7f],
        ],
        end,
      ],
      [[[0xc2, 0xdf]], one],
      [[[0xe0, 0xe0]], builder.bytes([[0xa0, 0xbf]], one)],
      [
        [
          [0xe1, 0xec],
          [0xee, 0xef],
        ],
        two,
      ],
      [[[0xed, 0xed]], builder.bytes([[0x80, 0x9f]], one)],
      [[[0xf0, 0xf0]], builder.bytes([[0x90, 0xbf]], two)],
      [[[0xf1, 0xf3]], builder.bytes(tail, two)],
      [[[0xf4, 0xf4]], builder.bytes([[0x80, 0x8f]], two)],
      [only('\\'), this.#escape(end)],
    ];
    for (const [first, next] of rows) builder.addBytes(start, first, next);
    return this.#character;
  }

  #escape(next: GrammarState): GrammarState {
    const { builder } = this;
    const hex = (count: number, after: GrammarState): GrammarState =>
      count === 0 ? after : builder.bytes(HEX, hex(count - 1, after));
    const low = builder.text(
      '\\u',
      builder.bytes(only('d', 'D'), builder.bytes([range('cf'), range('CF')], hex(2, next))),
    );
    const afterD = builder.state();
    builder.addBytes(afterD, [range('07')], hex(2, next));
    builder.addBytes(afterD, [range('89'), range('ab'), range('AB')], hex(2, low));
    const digits = builder.state();
    builder.addBytes(
      digits,
      [range('09'), range('ac'), range('AC'), range('ef'), range('EF')],
      hex(3, next),
    );
    builder.addBytes(digits, only('d', 'D'), afterD);
    const state = builder.state();
    builder.addBytes(state, only('"', '\\', '/', 'b', 'f', 'n', 'r', 't'), next);
    builder.addBytes(state, only('u'), digits);
    return state;
  }

  integer(next: GrammarState): GrammarState {
    const { builder } = this;
    const positive = builder.state();
    builder.addBytes(positive, only('0'), next);
    builder.addBytes(positive, [range('19')], this.#upToDigits(MAX_DIGITS - 1, next));
    return builder.choice(positive, builder.bytes(only('-'), positive));
  }

  number(next: GrammarState): GrammarState {
    const { builder } = this;
    const exponentDigits = builder.bytes(DIGIT, this.#upToDigits(1, next));
    const exponent = builder.bytes(
      only('e', 'E'),
      builder.choice(exponentDigits, builder.bytes(only('+', '-'), exponentDigits)),
    );
    const afterFraction = builder.choice(next, exponent);
    const fraction = builder.bytes(
      only('.'),
      builder.bytes(DIGIT, this.#upToDigits(MAX_DIGITS - 1, afterFraction)),
    );
    return this.integer(builder.choice(afterFraction, fraction));
  }

  /** The integers from `min` to `max`, each with at most 15 digits. */
  integersBetween(min: number, max: number, next: GrammarState): GrammarState {
    const { builder } = this;
    const state = builder.state();
    if (min < 0) {
      const negative = this.#positiveBetween(Math.max(1, -max), -min, next);
      builder.addBytes(state, only('-'), negative);
    }
    if (max >= 0) builder.addTarget(state, this.#positiveBetween(Math.max(0, min), max, next));
    return state;
  }

  #positiveBetween(min: number, max: number, next: GrammarState): GrammarState {
    const { builder } = this;
    const state = builder.state();
    for (let length = String(min).length; length <= String(max).length; length++) {
      const first = length === 1 ? 0 : 10 ** (length - 1);
      const low = String(Math.max(min, first));
      const high = String(Math.min(max, 10 ** length - 1));
      builder.addTarget(state, this.#digitsBetween(low, high, next));
    }
    return state;
  }

  /** Numbers of one length, from `low` to `high`. */
  #digitsBetween(low: string, high: string, next: GrammarState): GrammarState {
    const { builder } = this;
    if (/^0*$/.test(low) && /^9*$/.test(high)) return this.#digits(low.length, next);
    const [first = '0', last = '0'] = [low[0], high[0]];
    const rest = low.length - 1;
    if (first === last) {
      return builder.text(first, this.#digitsBetween(low.slice(1), high.slice(1), next));
    }
    const state = builder.state();
    builder.addBytes(state, only(first), this.#digitsBetween(low.slice(1), '9'.repeat(rest), next));
    builder.addBytes(state, only(last), this.#digitsBetween('0'.repeat(rest), high.slice(1), next));
    const between: ByteRange = [byteOf(first) + 1, byteOf(last) - 1];
    if (between[0] <= between[1]) builder.addBytes(state, [between], this.#digits(rest, next));
    return state;
  }

  #digits(count: number, next: GrammarState): GrammarState {
    return count === 0 ? next : this.builder.bytes(DIGIT, this.#digits(count - 1, next));
  }

  #upToDigits(count: number, next: GrammarState): GrammarState {
    const { builder } = this;
    if (count === 0) return next;
    return builder.choice(next, builder.bytes(DIGIT, this.#upToDigits(count - 1, next)));
  }

  /** A list of `min` to `max` items, each of the rule. */
  list(item: Rule, { min, max }: TextLength, next: GrammarState): GrammarState {
    const { builder } = this;
    const close = this.space(builder.text(']', next));
    const separator = (after: GrammarState) => builder.text(',', this.space(after));
    if (max === 0) return builder.text('[', close);
    let afterItem = builder.state();
    builder.addTarget(afterItem, close);
    if (max === undefined) builder.addTarget(afterItem, separator(builder.call(item, afterItem)));
    // `afterItem` has read all items that are counted.
    for (let count = (max ?? Math.max(1, min)) - 1; count >= 1; count--) {
      const before = builder.state();
      builder.addTarget(before, separator(builder.call(item, afterItem)));
      if (count >= min) builder.addTarget(before, close);
      afterItem = before;
    }
    const items = this.space(builder.call(item, afterItem));
    return builder.text('[', min === 0 ? builder.choice(items, close) : items);
  }

  /** An object with any names and values of the rule. */
  map(value: Rule, next: GrammarState): GrammarState {
    const { builder } = this;
    const close = this.space(builder.text('}', next));
    const afterValue = builder.state();
    const member = this.string(builder.text(':', this.space(builder.call(value, afterValue))));
    builder.addTarget(afterValue, close);
    builder.addTarget(afterValue, builder.text(',', this.space(member)));
    return builder.text('{', builder.choice(this.space(member), close));
  }

  /** An object with any members. */
  object(next: GrammarState): GrammarState {
    return this.map(this.anyValue, next);
  }

  get anyValue(): Rule {
    if (this.#anyValue) return this.#anyValue;
    const { builder } = this;
    const rule = builder.rule();
    this.#anyValue = rule;
    const { end } = builder;
    const words = ['true', 'false', 'null'].map((word) => builder.text(word, end));
    const values = [this.string(end), this.number(end), this.list(rule, { min: 0 }, end)];
    for (const value of [...words, ...values, this.object(end)])
      builder.addTarget(rule.start, value);
    return rule;
  }
}
