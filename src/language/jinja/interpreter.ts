import { MAX_TEMPLATE_STEPS } from '../../config/limits.js';
import { TaintedText } from '../tainted-text.js';
import { applyFilter } from './filters.js';
import { getAttribute, getItem, getSlice } from './members.js';
import type {
  Argument,
  CallExpression,
  Expression,
  FilterName,
  Macro,
  Node,
  Parameter,
  Statement,
} from './nodes.js';
import { applyOperator } from './operators.js';
import { toText } from './print-values.js';
import { createLoop } from './loop-variable.js';
import { Scope } from './scope.js';
import { applyTest } from './tests.js';
import {
  Namespace,
  PyDict,
  PyFloat,
  PyFunction,
  PyTuple,
  TemplateError,
  Undefined,
  asInteger,
  asNumber,
  isTruthy,
  iterate,
  text,
  typeName,
  type KeywordArguments,
  type Value,
} from './values.js';

class BreakLoop extends Error {}
class ContinueLoop extends Error {}

/** What a block has printed so far. */
type Output = TaintedText[];

/**
 * Runs a template. The meaning is that of Jinja 3.1 with the settings of transformers: Python values, `break` and
 * `continue`, undefined variables print nothing.
 */
export class Interpreter {
  private steps = 0;

  /** @throws TemplateError */
  render(body: readonly Node[], globals: Scope): TaintedText {
    return this.renderBlock(body, new Scope(globals));
  }

  private renderBlock(body: readonly Node[], scope: Scope): TaintedText {
    const output: Output = [];
    this.run(body, scope, output);
    return TaintedText.concat(output);
  }

  private run(body: readonly Node[], scope: Scope, output: Output): void {
    for (const node of body) {
      if (isStatement(node)) this.runStatement(node, scope, output);
      else output.push(toText(this.evaluate(node, scope)));
    }
  }

  private runStatement(node: Statement, scope: Scope, output: Output): void {
    this.countStep();
    switch (node.type) {
      case 'If':
        this.run(
          isTruthy(this.evaluate(node.test, scope)) ? node.body : node.alternate,
          scope,
          output,
        );
        return;
      case 'For':
        this.runLoop(node, scope, output);
        return;
      case 'Break':
        throw new BreakLoop();
      case 'Continue':
        throw new ContinueLoop();
      case 'Set':
        this.assign(
          node.assignee,
          node.value
            ? this.evaluate(node.value, scope)
            : this.renderBlock(node.body, new Scope(scope)),
          scope,
        );
        return;
      case 'Macro':
        scope.set(node.name.value, this.createMacro(node, scope));
        return;
      case 'CallStatement': {
        const caller = this.createMacro({ args: node.callerArgs ?? [], body: node.body }, scope);
        output.push(toText(this.call(node.call, scope, new Map([['caller', caller]]))));
        return;
      }
      case 'FilterStatement':
        output.push(
          toText(this.filter(this.renderBlock(node.body, new Scope(scope)), node.filter, scope)),
        );
        return;
      case 'Comment':
        return;
    }
  }

  private runLoop(
    { loopvar, iterable, body, defaultBlock }: Extract<Statement, { type: 'For' }>,
    scope: Scope,
    output: Output,
  ): void {
    let items: readonly Value[];
    if (iterable.type === 'SelectExpression') {
      items = iterate(this.evaluate(iterable.lhs, scope)).filter((item) => {
        const inner = new Scope(scope);
        this.assign(loopvar, item, inner);
        return isTruthy(this.evaluate(iterable.test, inner));
      });
    } else {
      items = iterate(this.evaluate(iterable, scope));
    }
    const changed: { last?: readonly Value[] } = {};
    for (const [index, item] of items.entries()) {
      this.countStep();
      const inner = new Scope(scope);
      this.assign(loopvar, item, inner);
      inner.set('loop', createLoop(items, index, changed));
      try {
        this.run(body, inner, output);
      } catch (error) {
        if (error instanceof BreakLoop) break;
        if (!(error instanceof ContinueLoop)) throw error;
      }
    }
    if (items.length === 0) this.run(defaultBlock, new Scope(scope), output);
  }

  private assign(target: Expression, value: Value, scope: Scope): void {
    if (target.type === 'Identifier') {
      scope.set(target.value, value);
    } else if (target.type === 'TupleLiteral') {
      const items = iterate(value);
      if (items.length !== target.value.length) {
        throw new TemplateError(`expected ${target.value.length} values, found ${items.length}`);
      }
      target.value.forEach((name, index) => {
        this.assign(name, items[index] ?? null, scope);
      });
    } else if (target.type === 'MemberExpression') {
      const object = this.evaluate(target.object, scope);
      if (!(object instanceof Namespace) || target.property.type !== 'Identifier') {
        throw new TemplateError('cannot assign attribute on non-namespace object');
      }
      object.attributes.set(target.property.value, value);
    } else {
      throw new TemplateError('cannot assign to this expression');
    }
  }

  private createMacro({ args, body }: Pick<Macro, 'args' | 'body'>, scope: Scope): PyFunction {
    return new PyFunction((positional, keywords) => {
      const inner = new Scope(scope);
      const names = args.map(parameterName);
      if (positional.length > names.length) {
        throw new TemplateError(`macro takes not more than ${names.length} argument(s)`);
      }
      const unknown = [...keywords.keys()].find(
        (name) => !names.includes(name) && name !== 'caller',
      );
      if (unknown !== undefined) throw new TemplateError('macro takes no such keyword argument');
      const caller = keywords.get('caller');
      if (caller !== undefined) inner.set('caller', caller);
      args.forEach((parameter, index) => {
        const name = parameterName(parameter);
        const given = positional[index] ?? keywords.get(name);
        if (given !== undefined) inner.set(name, given);
        else if (index < positional.length || keywords.has(name)) inner.set(name, null);
        else if (parameter.type === 'KeywordArgumentExpression') {
          inner.set(name, this.evaluate(parameter.value, inner));
        } else inner.set(name, new Undefined(name));
      });
      return this.renderBlock(body, inner);
    });
  }

  private evaluate(node: Expression, scope: Scope): Value {
    this.countStep();
    switch (node.type) {
      case 'Identifier':
        return scope.get(node.value);
      case 'StringLiteral':
        return text(node.value);
      case 'IntegerLiteral':
        return node.value;
      case 'FloatLiteral':
        return new PyFloat(node.value);
      case 'ArrayLiteral':
        return node.value.map((item) => this.evaluate(item, scope));
      case 'TupleLiteral':
        return new PyTuple(node.value.map((item) => this.evaluate(item, scope)));
      case 'ObjectLiteral':
        return this.createDict(node.value, scope);
      case 'MemberExpression':
        return this.member(node, scope);
      case 'CallExpression':
        return this.call(node, scope);
      case 'BinaryExpression':
        return this.binary(node, scope);
      case 'UnaryExpression':
        return this.unary(node.operator.value, this.evaluate(node.argument, scope));
      case 'FilterExpression':
        return this.filter(this.evaluate(node.operand, scope), node.filter, scope);
      case 'TestExpression': {
        const result = applyTest(node.test.value, this.evaluate(node.operand, scope), []);
        return node.negate ? !result : result;
      }
      case 'Ternary':
        return isTruthy(this.evaluate(node.condition, scope))
          ? this.evaluate(node.trueExpr, scope)
          : this.evaluate(node.falseExpr, scope);
      case 'SelectExpression':
        return isTruthy(this.evaluate(node.test, scope))
          ? this.evaluate(node.lhs, scope)
          : new Undefined('the inline if-expression');
    }
  }

  private createDict(entries: ReadonlyMap<Expression, Expression>, scope: Scope): PyDict {
    const made = new Map<string, Value>();
    for (const [key, value] of entries) {
      const name = this.evaluate(key, scope);
      if (!(name instanceof TaintedText)) {
        throw new TemplateError('keys of dictionaries other than strings are not supported');
      }
      made.set(name.text, this.evaluate(value, scope));
    }
    return new PyDict(made);
  }

  private member(
    { object, property, computed }: Extract<Expression, { type: 'MemberExpression' }>,
    scope: Scope,
  ): Value {
    const owner = this.evaluate(object, scope);
    if (property.type === 'SliceExpression') {
      const bound = (node: Expression | undefined): number | null => {
        const value = node ? this.evaluate(node, scope) : null;
        return value === null ? null : asInteger(value, 'a slice index');
      };
      return getSlice(owner, bound(property.start), bound(property.stop), bound(property.step));
    }
    if (computed) return getItem(owner, this.evaluate(property, scope));
    if (property.type === 'IntegerLiteral') return getItem(owner, property.value);
    return getAttribute(owner, property.type === 'Identifier' ? property.value : '');
  }

  private call(
    { callee, args }: CallExpression,
    scope: Scope,
    further: KeywordArguments = new Map(),
  ): Value {
    const called = this.evaluate(callee, scope);
    const { positional, keywords } = this.evaluateArguments(args, scope);
    if (called instanceof Undefined) throw called.error();
    if (!(called instanceof PyFunction)) {
      throw new TemplateError(`'${typeName(called)}' object is not callable`);
    }
    return called.call(positional, new Map([...keywords, ...further]));
  }

  private evaluateArguments(
    args: readonly Argument[],
    scope: Scope,
  ): { positional: Value[]; keywords: Map<string, Value> } {
    const positional: Value[] = [];
    const keywords = new Map<string, Value>();
    for (const argument of args) {
      if (argument.type === 'KeywordArgumentExpression') {
        keywords.set(argument.key.value, this.evaluate(argument.value, scope));
      } else if (argument.type === 'SpreadExpression') {
        positional.push(...iterate(this.evaluate(argument.argument, scope)));
      } else if (argument.type === 'KeywordSpreadExpression') {
        const spread = this.evaluate(argument.argument, scope);
        if (!(spread instanceof PyDict)) throw new TemplateError('** needs a dictionary');
        for (const [name, value] of spread.entries) keywords.set(name, value);
      } else {
        positional.push(this.evaluate(argument, scope));
      }
    }
    return { positional, keywords };
  }

  private filter(operand: Value, filter: FilterName, scope: Scope): Value {
    if (filter.type === 'Identifier') return applyFilter(filter.value, operand, [], new Map());
    const { positional, keywords } = this.evaluateArguments(filter.args, scope);
    return applyFilter(filterName(filter), operand, positional, keywords);
  }

  private binary(
    { operator, left, right }: Extract<Expression, { type: 'BinaryExpression' }>,
    scope: Scope,
  ): Value {
    const first = this.evaluate(left, scope);
    if (operator.value === 'and') return isTruthy(first) ? this.evaluate(right, scope) : first;
    if (operator.value === 'or') return isTruthy(first) ? first : this.evaluate(right, scope);
    return applyOperator(operator.value, first, this.evaluate(right, scope));
  }

  private unary(operator: string, value: Value): Value {
    if (operator === 'not') return !isTruthy(value);
    const number = asNumber(value);
    if (number === null) {
      if (value instanceof Undefined) throw value.error();
      throw new TemplateError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
    }
    const signed = operator === '-' ? -number : number;
    // Adding 0 turns -0 into 0: Python's integers have no negative zero.
    return value instanceof PyFloat ? new PyFloat(signed) : signed + 0;
  }

  private countStep(): void {
    this.steps += 1;
    if (this.steps > MAX_TEMPLATE_STEPS)
      throw new TemplateError(`it takes more than ${MAX_TEMPLATE_STEPS} steps`);
  }
}

const STATEMENTS: ReadonlySet<string> = new Set<Statement['type']>([
  'If',
  'For',
  'Break',
  'Continue',
  'Comment',
  'Set',
  'Macro',
  'CallStatement',
  'FilterStatement',
]);

export function isStatement(node: Node): node is Statement {
  return STATEMENTS.has(node.type);
}

export function filterName(filter: FilterName): string {
  const name = filter.type === 'Identifier' ? filter : filter.callee;
  return name.type === 'Identifier' ? name.value : '';
}

function parameterName(parameter: Parameter): string {
  return parameter.type === 'Identifier' ? parameter.value : parameter.key.value;
}
