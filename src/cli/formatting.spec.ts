import { formatBytes, formatTable } from './formatting.js';

describe('formatTable', () => {
  it('pads each column to its widest cell', () => {
    const rows = [
      ['ID', 'SIZE', 'STATE'],
      ['salamandra-2b', '1.5 GB', 'ready'],
      ['demo', '999 kB', ''],
    ];

    expect(formatTable(rows, { rightAligned: [1] })).toEqual([
      'ID               SIZE  STATE',
      'salamandra-2b  1.5 GB  ready',
      'demo           999 kB',
    ]);
  });
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [99_940, '99.9 kB'],
    [99_950, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [4_937_000_000, '4.9 GB'],
    [16_370_000_000, '16.4 GB'],
    [2e15, '2000 TB'],
  ])('formats %d as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
