import * as library from '@huggingface/jinja';

import type { TaintedText } from '../tainted-text.js';
import { checkNodes } from './check-nodes.js';
import { createGlobals } from './globals.js';
import { Interpreter } from './interpreter.js';
import type { Node } from './nodes.js';
import { Scope } from './scope.js';
import { TemplateError, type Value } from './values.js';

interface LexerToken {
  readonly type: string;
  readonly value: string;
}

/** The functions used here. The types of the package do not resolve in modules of Node. */
const { tokenize, parse } = library as unknown as {
  readonly tokenize: (
    source: string,
    options: { readonly lstrip_blocks: boolean; readonly trim_blocks: boolean },
  ) => LexerToken[];
  readonly parse: (tokens: readonly LexerToken[]) => { readonly body: readonly Node[] };
};

/** A compiled template. */
export interface Template {
  /** @throws TemplateError with the error that the template, or Python in its place, raises */
  render(variables: Readonly<Record<string, Value>>): TaintedText;
}

/**
 * Compiles a Jinja template with the settings of transformers (`trim_blocks`, `lstrip_blocks`).
 *
 * @throws TemplateError for a syntax error, and for filters, tests and statements that are not supported
 */
export function compileTemplate(source: string): Template {
  const body = parseTemplate(source);
  checkNodes(body);
  return {
    render(variables) {
      const globals = new Scope(createGlobals());
      for (const [name, value] of Object.entries(variables)) globals.set(name, value);
      return new Interpreter().render(body, globals);
    },
  };
}

/**
 * Jinja reads every kind of line end as \n. The tag `generation` of transformers marks a part of the output without
 * changing it, as `filter safe` does here; the parser would drop it, and with it the ends of white space control.
 */
function prepareSource(source: string): string {
  return source
    .replace(/\r\n?/g, '\n')
    .replace(
      /\{%(-?)\s*(end)?generation\s*(-?)%\}/g,
      (_, left: string, end: string | undefined, right: string) =>
        end === undefined ? `{%${left} filter safe ${right}%}` : `{%${left} endfilter ${right}%}`,
    );
}

const OPENING = new Set(['OpenParen', 'OpenSquareBracket', 'OpenCurlyBracket']);
const CLOSING = new Set(['CloseParen', 'CloseSquareBracket', 'CloseCurlyBracket']);
/** Tokens after which another comparison begins. */
const SEPARATORS = new Set(['Comma', 'Colon', 'Equals', 'CloseStatement', 'CloseExpression']);
const SEPARATING_WORDS = new Set(['and', 'or', 'not', 'if', 'else']);

/**
 * The parser reads `a < b < c` as `(a < b) < c`, which Python does not.
 *
 * @throws TemplateError for such a chain
 */
function assertNoChain(tokens: readonly LexerToken[]): void {
  /** Whether a comparison was seen, for each open bracket. */
  const seen = [false];
  tokens.forEach(({ type, value }, index) => {
    const isWord = type === 'Identifier' && tokens[index - 1]?.type !== 'Dot';
    if (OPENING.has(type)) seen.push(false);
    else if (CLOSING.has(type)) seen.pop();
    else if (SEPARATORS.has(type) || (isWord && SEPARATING_WORDS.has(value))) {
      // `not in` belongs to its comparison.
      if (value !== 'not' || tokens[index + 1]?.value !== 'in') seen[seen.length - 1] = false;
    } else if (type === 'ComparisonBinaryOperator' || (isWord && value === 'in')) {
      if (seen.at(-1)) throw new TemplateError('chained comparisons are not supported');
      seen[seen.length - 1] = true;
    }
  });
}

function parseTemplate(source: string): readonly Node[] {
  try {
    const tokens = tokenize(prepareSource(source), {
      lstrip_blocks: true,
      trim_blocks: true,
    });
    assertNoChain(tokens);
    return parse(tokens).body;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : 'it cannot be parsed';
    throw new TemplateError(message, { cause });
  }
}
