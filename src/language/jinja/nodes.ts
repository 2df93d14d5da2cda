/**
 * The nodes that the parser of `@huggingface/jinja` makes. The package exports the parser, but not these types.
 */
export type Node = Statement | Expression;

export type Statement =
  | {
      readonly type: 'If';
      readonly test: Expression;
      readonly body: Node[];
      readonly alternate: Node[];
    }
  | {
      readonly type: 'For';
      readonly loopvar: Identifier | TupleLiteral;
      /** A `SelectExpression` for `for … in … if …`. */
      readonly iterable: Expression;
      readonly body: Node[];
      /** The `else` block: rendered if there was no iteration. */
      readonly defaultBlock: Node[];
    }
  | { readonly type: 'Break' | 'Continue' | 'Comment' }
  | {
      readonly type: 'Set';
      readonly assignee: Expression;
      readonly value: Expression | null;
      /** The block of a `set` without a value. */
      readonly body: Node[];
    }
  | Macro
  | {
      readonly type: 'CallStatement';
      readonly call: CallExpression;
      readonly callerArgs: Parameter[] | null;
      readonly body: Node[];
    }
  | { readonly type: 'FilterStatement'; readonly filter: FilterName; readonly body: Node[] };

export interface Macro {
  readonly type: 'Macro';
  readonly name: Identifier;
  readonly args: Parameter[];
  readonly body: Node[];
}

export type Parameter = Identifier | KeywordArgument;
export type FilterName = Identifier | CallExpression;

interface Identifier {
  readonly type: 'Identifier';
  readonly value: string;
}

interface TupleLiteral {
  readonly type: 'TupleLiteral';
  readonly value: Expression[];
}

export interface CallExpression {
  readonly type: 'CallExpression';
  readonly callee: Expression;
  readonly args: Argument[];
}

interface KeywordArgument {
  readonly type: 'KeywordArgumentExpression';
  readonly key: Identifier;
  readonly value: Expression;
}

export type Argument =
  | Expression
  | KeywordArgument
  | { readonly type: 'SpreadExpression'; readonly argument: Expression }
  | { readonly type: 'KeywordSpreadExpression'; readonly argument: Expression };

interface Slice {
  readonly type: 'SliceExpression';
  readonly start?: Expression;
  readonly stop?: Expression;
  readonly step?: Expression;
}

export type Expression =
  | Identifier
  | TupleLiteral
  | CallExpression
  | { readonly type: 'IntegerLiteral' | 'FloatLiteral'; readonly value: number }
  | { readonly type: 'StringLiteral'; readonly value: string }
  | { readonly type: 'ArrayLiteral'; readonly value: Expression[] }
  | { readonly type: 'ObjectLiteral'; readonly value: Map<Expression, Expression> }
  | {
      readonly type: 'MemberExpression';
      readonly object: Expression;
      readonly property: Expression | Slice;
      /** `object[property]`, not `object.property`. */
      readonly computed: boolean;
    }
  | {
      readonly type: 'BinaryExpression';
      readonly operator: { readonly value: string };
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly type: 'UnaryExpression';
      readonly operator: { readonly value: string };
      readonly argument: Expression;
    }
  | { readonly type: 'FilterExpression'; readonly operand: Expression; readonly filter: FilterName }
  | {
      readonly type: 'TestExpression';
      readonly operand: Expression;
      readonly negate: boolean;
      readonly test: Identifier;
    }
  | {
      readonly type: 'Ternary';
      readonly condition: Expression;
      readonly trueExpr: Expression;
      readonly falseExpr: Expression;
    }
  | { readonly type: 'SelectExpression'; readonly lhs: Expression; readonly test: Expression };
