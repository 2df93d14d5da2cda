import {
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  encodeOnnxModel,
} from '../../convert/graph/onnx-model.js';
import { ProtobufWriter } from '../../convert/graph/protobuf-writer.js';
import { type GraphInputs, checkGraph as check } from './check-graph.js';

const INVALID = expect.objectContaining({ code: 'MODEL_INVALID' }) as Error;
const WEIGHTS = { name: 'vision.onnx.data', bytes: 8192 };

const INPUTS: GraphInputs = new Map([['x', [null, 4]]]);

const checkGraph = (model: Uint8Array) => check(model, WEIGHTS, INPUTS);

const NODE: OnnxNode = {
  operator: 'Identity',
  domain: '',
  inputs: ['w'],
  outputs: ['y'],
  attributes: { axis: { int: -1 }, scale: { float: 1 }, axes: { ints: [1] } },
};

const WEIGHT: OnnxInitializer = {
  name: 'w',
  type: 'float32',
  shape: [2, 3],
  content: { file: WEIGHTS.name, offset: 4096, length: 24 },
};

function encode(changes: Partial<OnnxGraph>): Uint8Array {
  return encodeOnnxModel({
    name: 'g',
    nodes: [NODE],
    inputs: [{ name: 'x', type: 'float32', shape: ['n', 4] }],
    outputs: [],
    initializers: [WEIGHT],
    ...changes,
  });
}

const EMPTY = new Uint8Array();

function rename(node: OnnxNode, output: string): OnnxNode {
  return { ...node, outputs: [output] };
}

function weightAt(offset: number): OnnxInitializer {
  return { ...WEIGHT, content: { file: WEIGHTS.name, offset, length: 24 } };
}

/** A weight with arbitrary external data entries. */
function encodeEntries(entries: [string, string][], extra = new ProtobufWriter()): Uint8Array {
  const tensor = new ProtobufWriter().integer(1, 2).integer(2, 1).text(8, 'w');
  for (const [key, value] of entries) {
    tensor.message(13, new ProtobufWriter().text(1, key).text(2, value));
  }
  tensor.integer(14, 1);
  const bytes = Buffer.concat([tensor.finish(), extra.finish()]);
  return new ProtobufWriter().message(7, new ProtobufWriter().bytes(5, bytes)).finish();
}

const SOUND: [string, string][] = [
  ['location', WEIGHTS.name],
  ['offset', '0'],
  ['length', '8'],
];

describe('checkGraph', () => {
  it('accepts converted graphs', () => {
    const inline = { ...WEIGHT, name: 'i', content: { bytes: new Uint8Array(24) } };

    expect(() => checkGraph(encode({ initializers: [WEIGHT, inline] }))).not.toThrow();
    expect(() => checkGraph(encodeEntries(SOUND))).not.toThrow();
  });

  it.each([
    ['another file', { file: 'decoder.onnx.data', offset: 0, length: 24 }],
    ['a file further up', { file: '../../etc/passwd', offset: 0, length: 24 }],
    ['an absolute path', { file: '/etc/passwd', offset: 0, length: 24 }],
    ['the same file by another way', { file: `./${WEIGHTS.name}`, offset: 0, length: 24 }],
    ['behind the end', { file: WEIGHTS.name, offset: 8192 - 23, length: 24 }],
    ['a negative offset', { file: WEIGHTS.name, offset: -4096, length: 24 }],
    ['another length', { file: WEIGHTS.name, offset: 0, length: 23 }],
    ['a huge offset', { file: WEIGHTS.name, offset: 2 ** 60, length: 24 }],
    ['too few bytes inside', { bytes: new Uint8Array(23) }],
  ])('rejects weights from %s', (_, content) => {
    expect(() => checkGraph(encode({ initializers: [{ ...WEIGHT, content }] }))).toThrow(INVALID);
  });

  it.each<[string, [string, string][]]>([
    ['an unknown key', [...SOUND, ['checksum', 'x']]],
    ['a key twice', [...SOUND, ['location', WEIGHTS.name]]],
    ['no location', SOUND.slice(1)],
    ['no length', SOUND.slice(0, 2)],
    [
      'an offset in hex',
      [
        ['location', WEIGHTS.name],
        ['offset', '0x0'],
        ['length', '8'],
      ],
    ],
    ['a name that goes on behind a zero', [['location', `${WEIGHTS.name}\0`], ...SOUND.slice(1)]],
  ])('rejects weights with %s', (_, entries) => {
    expect(() => checkGraph(encodeEntries(entries))).toThrow(INVALID);
  });

  it('rejects weights that are inline and external, and unknown locations', () => {
    const both = new ProtobufWriter().bytes(9, new Uint8Array(8));
    const other = new ProtobufWriter().integer(14, 2);

    expect(() => checkGraph(encodeEntries(SOUND, both))).toThrow(INVALID);
    expect(() => checkGraph(encodeEntries(SOUND, other))).toThrow(INVALID);
  });

  it.each([
    ['an unknown operator', { ...NODE, operator: 'Loop' }],
    ['an operator of another domain', { ...NODE, domain: 'com.evil' }],
    ['a standard operator from elsewhere', { ...NODE, domain: 'com.microsoft' }],
  ])('rejects %s', (_, node) => {
    expect(() => checkGraph(encode({ nodes: [node] }))).toThrow(INVALID);
  });

  const nodeWith = (attribute: ProtobufWriter) =>
    new ProtobufWriter().message(
      7,
      new ProtobufWriter().message(
        1,
        new ProtobufWriter().text(4, 'Identity').message(5, attribute),
      ),
    );
  it.each([
    ['a tensor in an attribute', nodeWith(new ProtobufWriter().bytes(5, new Uint8Array()))],
    ['a graph in an attribute', nodeWith(new ProtobufWriter().bytes(6, new Uint8Array()))],
    ['a function', new ProtobufWriter().bytes(7, new Uint8Array()).bytes(25, new Uint8Array())],
    [
      'an unknown operator set',
      new ProtobufWriter().bytes(7, new Uint8Array()).message(8, new ProtobufWriter().text(1, 'x')),
    ],
    [
      'a sparse weight',
      new ProtobufWriter().message(7, new ProtobufWriter().bytes(15, new Uint8Array())),
    ],
    ['two graphs', new ProtobufWriter().bytes(7, new Uint8Array()).bytes(7, new Uint8Array())],
    ['no graph', new ProtobufWriter().integer(1, 8)],
    ['a graph that is a number', new ProtobufWriter().integer(7, 8)],
  ])('rejects %s', (_, message) => {
    expect(() => checkGraph(message.finish())).toThrow(INVALID);
  });

  it.each<[string, Partial<OnnxGraph>]>([
    ['a value that nothing gives', { nodes: [{ ...NODE, inputs: ['z'] }] }],
    ['a value before it is there', { nodes: [{ ...NODE, inputs: ['z'] }, rename(NODE, 'z')] }],
    ['a value given twice', { nodes: [NODE, NODE] }],
    ['a constant given again', { nodes: [rename(NODE, 'w')] }],
    ['a constant twice', { initializers: [WEIGHT, WEIGHT] }],
    ['an output that nothing gives', { outputs: [{ name: 'z', type: 'float32', shape: [] }] }],
    ['an input nobody feeds', { inputs: [{ name: 'z', type: 'float32', shape: [4] }] }],
    ['an input of another size', { inputs: [{ name: 'x', type: 'float32', shape: ['n', 5] }] }],
    ['an input of any size', { inputs: [{ name: 'x', type: 'float32', shape: ['n', 'm'] }] }],
    ['an input of other dimensions', { inputs: [{ name: 'x', type: 'float32', shape: ['n'] }] }],
    ['an unaligned weight', { initializers: [weightAt(4097)] }],
    [
      'sizes whose product overflows',
      { initializers: [{ ...WEIGHT, shape: [2 ** 40, 2 ** 40, 0], content: { bytes: EMPTY } }] },
    ],
  ])('rejects %s', (_, changes) => {
    expect(() => checkGraph(encode(changes))).toThrow(INVALID);
  });

  describe('MatMulNBits', () => {
    // Three rows of 40 values: two blocks of 32 a row.
    const weights = { type: 'uint8', shape: [3, 2, 16], content: { bytes: new Uint8Array(96) } };
    const scales = { type: 'float32', shape: [6], content: { bytes: new Uint8Array(24) } };
    // Two halves of a byte a row.
    const zeroPoints = { type: 'uint8', shape: [3], content: { bytes: new Uint8Array(3) } };
    const all = ['x', 'weights', 'scales', 'zero points'];
    const attributes = { K: 40, N: 3, bits: 4, block_size: 32, accuracy_level: 4 };
    const product = (change: {
      attributes?: Record<string, number>;
      weights?: object;
      scales?: object;
      zeroPoints?: object;
      inputs?: string[];
    }) =>
      encode({
        nodes: [
          {
            operator: 'MatMulNBits',
            domain: 'com.microsoft',
            inputs: change.inputs ?? ['x', 'weights', 'scales'],
            outputs: ['y'],
            attributes: Object.fromEntries(
              Object.entries({ ...attributes, ...change.attributes }).map(([name, int]) => [
                name,
                { int },
              ]),
            ),
          },
        ],
        initializers: [
          { name: 'weights', ...weights, ...change.weights } as OnnxInitializer,
          { name: 'scales', ...scales, ...change.scales } as OnnxInitializer,
          { name: 'zero points', ...zeroPoints, ...change.zeroPoints } as OnnxInitializer,
        ],
      });

    it('is accepted if attributes and sizes match', () => {
      expect(() => checkGraph(product({}))).not.toThrow();
      expect(() => checkGraph(product({ inputs: all }))).not.toThrow();
    });

    it.each([
      [
        'too few zero points',
        { inputs: all, zeroPoints: { shape: [2], content: { bytes: new Uint8Array(2) } } },
      ],
      ['zero points of another type', { inputs: all, zeroPoints: { type: 'int8' } }],
      ['zero points that are computed', { inputs: ['x', 'weights', 'scales', 'x'] }],
      ['more rows than weights', { attributes: { N: 4 } }],
      ['longer rows than weights', { attributes: { K: 65 } }],
      ['another width', { attributes: { bits: 8 } }],
      ['an unknown width', { attributes: { bits: 2 } }],
      ['an unknown block', { attributes: { block_size: 8 } }],
      ['no rows', { attributes: { N: 0 } }],
      ['a negative number of rows', { attributes: { N: -3 } }],
      ['weights of another type', { weights: { type: 'int8' } }],
      ['too few scales', { scales: { shape: [5], content: { bytes: new Uint8Array(20) } } }],
      ['weights that are computed', { inputs: ['x', 'x', 'scales'] }],
      ['a list of places', { inputs: ['x', 'weights', 'scales', '', 'scales'] }],
    ])('is refused with %s', (_, change) => {
      expect(() => checkGraph(product(change))).toThrow(INVALID);
    });
  });

  it('rejects files truncated inside the graph', () => {
    const model = encode({});
    // The graph ends before the two operator sets, which take 6 and 19 bytes.
    for (let length = 0; length < model.length - 25; length++) {
      expect(() => checkGraph(model.subarray(0, length))).toThrow(INVALID);
    }
  });

  it.each([
    ['a group', '3b3c'],
    ['an endless number', '08ffffffffffffffffffffff'],
    ['a length behind the end', '3aff01'],
    ['a length of 2^63', '3a80808080808080808001'],
  ])('rejects %s', (_, hex) => {
    expect(() => checkGraph(Buffer.from(hex, 'hex'))).toThrow(INVALID);
  });
});
