import { type OnnxBranch, type OnnxNode, encodeOnnxModel } from '../../convert/graph/onnx-model.js';
import { ProtobufWriter } from '../../convert/graph/protobuf-writer.js';
import { checkGraph as check } from './check-graph.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;
const EMPTY = new Uint8Array();

const checkGraph = (model: Uint8Array) =>
  check(model, { name: 'vision.onnx.data', bytes: 8192 }, new Map([['x', [null, 4]]]));

/** Reads a constant, `w`. */
const NODE: OnnxNode = {
  ...{ operator: 'Identity', domain: '', inputs: ['w'], outputs: ['y'], attributes: {} },
};

/** A graph of these nodes, with an input `x` and a constant `w`. */
function encode({ nodes }: { readonly nodes: readonly OnnxNode[] }): Uint8Array {
  const content = { bytes: new Uint8Array(8) };
  return encodeOnnxModel({
    ...{ name: 'g', nodes, outputs: [] },
    inputs: [{ name: 'x', type: 'float32', shape: ['n', 4] }],
    initializers: [{ name: 'w', type: 'float32', shape: [2], content }],
  });
}

function rename(node: OnnxNode, output: string): OnnxNode {
  return { ...node, outputs: [output] };
}

describe('If nodes', () => {
  const inner = (name: string, input = 'w'): OnnxNode => ({
    ...NODE,
    inputs: [input],
    outputs: [name],
  });
  const branch = (output: string, ...nodes: OnnxNode[]): OnnxBranch => ({
    name: output,
    nodes,
    output,
  });
  const choice = (
    output = 'y',
    branches: Record<string, OnnxBranch> = {
      then_branch: branch(`${output}.a`, inner(`${output}.a`)),
      else_branch: branch(`${output}.b`, inner(`${output}.b`)),
    },
  ): OnnxNode => ({
    ...NODE,
    operator: 'If',
    outputs: [output],
    attributes: Object.fromEntries(
      Object.entries(branches).map(([name, one]) => [name, { branch: one }]),
    ),
  });
  /** `depth` nested `If` nodes. */
  const nested = (depth: number): OnnxNode => {
    const name = 'y'.repeat(depth);
    if (depth === 1) return choice(name);
    const deeper = nested(depth - 1);
    return choice(name, {
      then_branch: branch(deeper.outputs[0]!, deeper),
      else_branch: branch(`${name}.b`, inner(`${name}.b`)),
    });
  };
  const sound = { then_branch: branch('a', inner('a')), else_branch: branch('b', inner('b')) };

  it('are accepted, also nested', () => {
    for (const depth of [1, 2]) {
      expect(() => checkGraph(encode({ nodes: [nested(depth)] }))).not.toThrow();
    }
  });

  it('may use outer values, inputs and constants', () => {
    const nodes = [
      rename(NODE, 'before'),
      choice('y', {
        then_branch: branch('a', inner('c', 'before'), inner('a', 'c')),
        else_branch: branch('b', inner('b', 'x')),
      }),
    ];

    expect(() => checkGraph(encode({ nodes }))).not.toThrow();
  });

  it.each<[string, readonly OnnxNode[]]>([
    ['three in each other', [nested(3)]],
    ['a branch of another operator', [{ ...choice('y', sound), operator: 'Identity' }]],
    ['no branches', [choice('y', {})]],
    ['one branch', [choice('y', { then_branch: sound.then_branch })]],
    ['a third branch', [choice('y', { ...sound, other: branch('c', inner('c')) })]],
    [
      'a branch of another name',
      [choice('y', { then_branch: sound.then_branch, other: sound.else_branch })],
    ],
    [
      'a branch that gives nothing',
      [choice('y', { ...sound, else_branch: branch('b', inner('c')) })],
    ],
    [
      'a branch that reads what the other gives',
      [choice('y', { ...sound, else_branch: branch('b', inner('b', 'a')) })],
    ],
    [
      'a branch that reads what comes later',
      [choice('y', { ...sound, else_branch: branch('b', inner('b', 'z')) }), rename(NODE, 'z')],
    ],
    [
      'a branch that gives a value around it again',
      [
        rename(NODE, 'z'),
        choice('y', { ...sound, else_branch: branch('b', inner('b'), inner('z')) }),
      ],
    ],
    ['a value of a branch that is read outside', [choice('y', sound), inner('z', 'a')]],
    [
      'an unknown operator in a branch',
      [choice('y', { ...sound, else_branch: branch('b', { ...inner('b'), operator: 'Loop' }) })],
    ],
    ['more outputs than its branches give', [{ ...choice('y', sound), outputs: ['y', 'z'] }]],
    [
      'a contradicting product in a branch',
      [
        choice('y', {
          ...sound,
          else_branch: branch('b', {
            ...inner('b'),
            operator: 'MatMulNBits',
            domain: 'com.microsoft',
          }),
        }),
      ],
    ],
  ])('is refused with %s', (_, nodes) => {
    expect(() => checkGraph(encode({ nodes }))).toThrow(INVALID);
  });

  /** A graph of one choice, whose second branch has one more field and whose attribute too. */
  const written = (ofBranch: Uint8Array, ofAttribute: Uint8Array): Uint8Array => {
    const node = new ProtobufWriter().text(1, 'x').text(2, 'y').text(4, 'If');
    for (const name of ['then_branch', 'else_branch']) {
      const identity = new ProtobufWriter().text(1, 'x').text(2, name).text(4, 'Identity');
      const graph = new ProtobufWriter()
        .text(2, name)
        .message(1, identity)
        .message(12, new ProtobufWriter().text(1, name));
      const isLast = name === 'else_branch';
      const bytes = Buffer.concat([graph.finish(), isLast ? ofBranch : EMPTY]);
      const attribute = new ProtobufWriter().text(1, name).bytes(6, bytes).integer(20, 5);
      const extra = isLast ? ofAttribute : EMPTY;
      node.bytes(5, Buffer.concat([attribute.finish(), extra]));
    }
    const graph = withInput(new ProtobufWriter().message(1, node));
    return new ProtobufWriter().bytes(7, graph).finish();
  };
  const withInput = (graph: ProtobufWriter): Uint8Array => {
    const size = (dimension: ProtobufWriter) => new ProtobufWriter().message(1, dimension);
    const shape = Buffer.concat([
      size(new ProtobufWriter().text(2, 'n')).finish(),
      size(new ProtobufWriter().integer(1, 4)).finish(),
    ]);
    const tensor = new ProtobufWriter().integer(1, 1).bytes(2, shape);
    const value = new ProtobufWriter()
      .text(1, 'x')
      .message(2, new ProtobufWriter().message(1, tensor));
    return graph.message(11, value).finish();
  };
  const tensorOf = (name: string) =>
    new ProtobufWriter().integer(1, 1).integer(2, 1).text(8, name).bytes(9, new Uint8Array(4));

  const more = () => new ProtobufWriter();
  it.each<[string, { branch?: ProtobufWriter; attribute?: ProtobufWriter }]>([
    ['a constant of its own', { branch: more().message(5, tensorOf('c')) }],
    ['an input of its own', { branch: more().message(11, more().text(1, 'i')) }],
    ['a sparse constant', { branch: more().message(15, more()) }],
    ['a second output', { branch: more().message(12, more().text(1, 'else_branch')) }],
    ['two graphs in an attribute', { attribute: more().bytes(6, EMPTY) }],
    ['a list of graphs', { attribute: more().bytes(11, EMPTY) }],
    ['two branches under one name', { attribute: more().text(1, 'then_branch') }],
  ])('is refused with %s', (_, { branch: ofBranch = more(), attribute = more() }) => {
    expect(() => checkGraph(written(EMPTY, EMPTY))).not.toThrow();
    expect(() => checkGraph(written(ofBranch.finish(), attribute.finish()))).toThrow(INVALID);
  });

  it('are rejected if one attribute has both branch names', () => {
    const both = { 'else_branch,then_branch': branch('a', inner('a')) };

    expect(() => checkGraph(encode({ nodes: [choice('y', both)] }))).toThrow(INVALID);
  });
});
