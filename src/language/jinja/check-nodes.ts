import { hasFilter } from './filters.js';
import { filterName, isStatement } from './interpreter.js';
import type { Argument, Expression, FilterName, Node, Parameter, Statement } from './nodes.js';
import { hasTest } from './tests.js';
import { TemplateError } from './values.js';

/**
 * Checks a template before it runs, in all of its branches.
 *
 * @throws TemplateError for unknown filters and tests
 */
export function checkNodes(nodes: readonly Node[]): void {
  for (const node of nodes) {
    if (isStatement(node)) checkStatement(node);
    else checkExpression(node);
  }
}

function checkStatement(node: Statement): void {
  switch (node.type) {
    case 'If':
      checkNodes([node.test, ...node.body, ...node.alternate]);
      return;
    case 'For':
      checkNodes([node.iterable, ...node.body, ...node.defaultBlock]);
      return;
    case 'Set':
      checkNodes([node.assignee, ...(node.value ? [node.value] : node.body)]);
      return;
    case 'Macro':
      checkParameters(node.args);
      checkNodes(node.body);
      return;
    case 'CallStatement':
      checkParameters(node.callerArgs ?? []);
      checkNodes([node.call, ...node.body]);
      return;
    case 'FilterStatement':
      checkFilter(node.filter);
      checkNodes(node.body);
      return;
    case 'Break':
    case 'Continue':
    case 'Comment':
      return;
  }
}

function checkExpression(node: Expression): void {
  switch (node.type) {
    case 'Identifier':
    case 'StringLiteral':
    case 'IntegerLiteral':
    case 'FloatLiteral':
      return;
    case 'ArrayLiteral':
    case 'TupleLiteral':
      checkNodes(node.value);
      return;
    case 'ObjectLiteral':
      checkNodes([...node.value].flat());
      return;
    case 'MemberExpression': {
      checkExpression(node.object);
      const { property } = node;
      if (property.type !== 'SliceExpression') checkExpression(property);
      else
        for (const bound of [property.start, property.stop, property.step])
          if (bound) checkExpression(bound);
      return;
    }
    case 'CallExpression':
      checkExpression(node.callee);
      checkArguments(node.args);
      return;
    case 'BinaryExpression':
      checkNodes([node.left, node.right]);
      return;
    case 'UnaryExpression':
      checkExpression(node.argument);
      return;
    case 'FilterExpression':
      checkExpression(node.operand);
      checkFilter(node.filter);
      return;
    case 'TestExpression':
      checkExpression(node.operand);
      if (!hasTest(node.test.value)) throw unknown('test', node.test.value);
      return;
    case 'Ternary':
      checkNodes([node.condition, node.trueExpr, node.falseExpr]);
      return;
    case 'SelectExpression':
      checkNodes([node.lhs, node.test]);
      return;
    default:
      throw unknown('expression', (node satisfies never as { type: string }).type);
  }
}

function checkFilter(filter: FilterName): void {
  if (!hasFilter(filterName(filter))) throw unknown('filter', filterName(filter));
  if (filter.type === 'CallExpression') checkArguments(filter.args);
}

function checkArguments(args: readonly Argument[]): void {
  for (const argument of args) {
    if (argument.type === 'KeywordArgumentExpression') checkExpression(argument.value);
    else if (argument.type === 'SpreadExpression' || argument.type === 'KeywordSpreadExpression') {
      checkExpression(argument.argument);
    } else checkExpression(argument);
  }
}

function checkParameters(parameters: readonly Parameter[]): void {
  for (const parameter of parameters) {
    if (parameter.type === 'KeywordArgumentExpression') checkExpression(parameter.value);
  }
}

function unknown(kind: string, name: string): TemplateError {
  return new TemplateError(`the ${kind} "${name}" is not supported`);
}
