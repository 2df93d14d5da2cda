import { type Field, readFields } from '../../package/graph/protobuf-reader.js';
import { type OnnxGraph, encodeOnnxModel } from './onnx-model.js';

const GRAPH: OnnxGraph = {
  name: 'g',
  nodes: [
    {
      operator: 'Op',
      domain: 'com.microsoft',
      inputs: ['x', 'w'],
      outputs: ['', 'y'],
      attributes: { a: { int: -1 }, b: { float: 0.5 }, c: { ints: [1, 2] } },
    },
  ],
  inputs: [{ name: 'x', type: 'float32', shape: ['n', 3] }],
  outputs: [],
  initializers: [
    { name: 's', type: 'int64', shape: [1], content: { bytes: new Uint8Array(8) } },
    { name: 'w', type: 'int8', shape: [2, 3], content: { file: 'f', offset: 4096, length: 6 } },
  ],
};

/** Follows a path of field numbers and returns the values found, in order. */
function find(message: Uint8Array, ...path: number[]): Field[] {
  const [number, ...rest] = path;
  const found = [...readFields(message)].filter((field) => field.number === number);
  return rest.length === 0
    ? found
    : found.flatMap((field) => find(field.value as Uint8Array, ...rest));
}

function texts(message: Uint8Array, ...path: number[]): string[] {
  return find(message, ...path).map(({ value }) => Buffer.from(value as Uint8Array).toString());
}

function integers(message: Uint8Array, ...path: number[]): bigint[] {
  return find(message, ...path).map(({ value }) => value as bigint);
}

describe('encodeOnnxModel', () => {
  const model = encodeOnnxModel(GRAPH);

  it('writes IR version and operator sets', () => {
    expect(integers(model, 1)).toEqual([8n]);
    expect(texts(model, 8, 1)).toEqual(['', 'com.microsoft']);
    expect(integers(model, 8, 2)).toEqual([17n, 1n]);
  });

  it('writes nodes with names, operator, domain and attributes', () => {
    expect(texts(model, 7, 1, 1)).toEqual(['x', 'w']);
    expect(texts(model, 7, 1, 2)).toEqual(['', 'y']);
    expect(texts(model, 7, 1, 3)).toEqual(['y']);
    expect(texts(model, 7, 1, 4)).toEqual(['Op']);
    expect(texts(model, 7, 1, 7)).toEqual(['com.microsoft']);
    expect(texts(model, 7, 1, 5, 1)).toEqual(['a', 'b', 'c']);
    expect(integers(model, 7, 1, 5, 3)).toEqual([2n ** 64n - 1n]);
    expect(find(model, 7, 1, 5, 2).map(({ value }) => value)).toEqual([Buffer.of(0, 0, 0, 0x3f)]);
    expect(integers(model, 7, 1, 5, 8)).toEqual([1n, 2n]);
    expect(integers(model, 7, 1, 5, 20)).toEqual([2n, 1n, 7n]);
  });

  it('writes inline and external constants', () => {
    expect(texts(model, 7, 5, 8)).toEqual(['s', 'w']);
    expect(integers(model, 7, 5, 2)).toEqual([7n, 3n]);
    expect(integers(model, 7, 5, 1)).toEqual([1n, 2n, 3n]);
    expect(find(model, 7, 5, 9)).toHaveLength(1);
    expect(texts(model, 7, 5, 13, 1)).toEqual(['location', 'offset', 'length']);
    expect(texts(model, 7, 5, 13, 2)).toEqual(['f', '4096', '6']);
    expect(integers(model, 7, 5, 14)).toEqual([1n]);
  });

  it('writes dynamic dimensions as names and fixed ones as numbers', () => {
    expect(texts(model, 7, 11, 1)).toEqual(['x']);
    expect(integers(model, 7, 11, 2, 1, 1)).toEqual([1n]);
    expect(texts(model, 7, 11, 2, 1, 2, 1, 2)).toEqual(['n']);
    expect(integers(model, 7, 11, 2, 1, 2, 1, 1)).toEqual([3n]);
  });
});
