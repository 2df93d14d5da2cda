import { ProtobufWriter, encodeVarint } from './protobuf-writer.js';

describe('encodeVarint', () => {
  it.each([
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [300, 'ac02'],
    [2 ** 40, '808080808020'],
    [-1, 'ffffffffffffffffff01'],
  ])('writes %d', (value, hex) => {
    expect(Buffer.from(encodeVarint(value)).toString('hex')).toBe(hex);
  });
});

describe('ProtobufWriter', () => {
  it('writes fields in call order', () => {
    const bytes = new ProtobufWriter()
      .integer(1, 150)
      .text(2, 'testing')
      .float(3, 1)
      .message(16, new ProtobufWriter().integer(1, 1))
      .finish();

    expect(Buffer.from(bytes).toString('hex')).toBe(
      ['089601', '120774657374696e67', '1d0000803f', '8201020801'].join(''),
    );
  });
});
