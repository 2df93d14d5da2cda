import { createTensor, elementCount } from './tensor.js';

describe('createTensor', () => {
  it('fills a shape with zeros', () => {
    expect(createTensor([2, 3])).toEqual({ shape: [2, 3], data: new Float32Array(6) });
  });

  it('uses the given data without a copy', () => {
    const data = Float32Array.of(1, 2);

    expect(createTensor([1, 2], data).data).toBe(data);
  });

  it('copies the shape', () => {
    const shape = [1, 2];
    const tensor = createTensor(shape);
    shape[0] = 9;

    expect(tensor.shape).toEqual([1, 2]);
  });

  it('rejects data of another length', () => {
    expect(() => createTensor([2, 2], new Float32Array(3))).toThrow(RangeError);
  });
});

describe('elementCount', () => {
  it.each([
    [[], 1],
    [[7], 7],
    [[2, 3, 4], 24],
    [[2, 0, 4], 0],
  ])('counts %j as %d', (shape, count) => {
    expect(elementCount(shape)).toBe(count);
  });

  it.each([[[-1]], [[1.5]], [[Number.NaN]], [[2 ** 30, 2 ** 30]]])('rejects %j', (shape) => {
    expect(() => elementCount(shape)).toThrow(RangeError);
  });
});
