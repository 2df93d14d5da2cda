import { MAX_BASE64_IMAGE_BYTES } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';
import { decodeBase64, decodeDataUrl } from './data-url.js';

const BYTES = Buffer.from([0x00, 0xff, 0x25, 0x41, 0xfb, 0xef, 0xbe]);
const BASE64 = BYTES.toString('base64'); // AP8lQfvvvg==

const decode = (url: string) => Buffer.from(decodeDataUrl(url, 'p')).toString('hex');

function failure(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    if (error instanceof SalamandraError) return [error.code, error.details?.['parameter']];
  }
  return undefined;
}

it.each([
  `data:image/png;base64,${BASE64}`,
  `data:;base64,${BASE64}`,
  `DATA:image/png;BASE64,${BASE64}`,
  `data:image/png;base64;charset=utf-8,${BASE64}`,
  `data:image/png;name="a b.png";base64,${BASE64}`,
  `data:base64;base64,${BASE64}`,
  `data:image/png;base64,${BASE64.replace(/=/g, '')}`,
  `data:image/png;base64,${BASE64.replace(/=/g, '%3D')}`,
  `data:image/png;base64,${BASE64.slice(0, 5)}\r\n ${BASE64.slice(5)}\n`,
  'data:image/png,%00%ff%25A%FB%ef%be',
  'data:,%00%ff%A%FB%ef%be',
])('decodes %j', (url) => {
  const expected = url.includes('%A%') ? '00ff2541fbefbe' : BYTES.toString('hex');

  expect(decode(url)).toBe(expected);
});

it('decodes unescaped text as UTF-8, and accepts an empty file', () => {
  expect(decode('data:text/plain,é%zz%4')).toBe(Buffer.from('é%zz%4').toString('hex'));
  expect(decode('data:image/png;base64,')).toBe('');
});

it.each([
  ['data:image/png;base64', 'INVALID_PARAMETER'],
  [`data:${'x'.repeat(300)},`, 'INVALID_PARAMETER'],
  ['data:image/png;base64,abc!', 'INVALID_BASE64'],
  ['data:image/png;base64,abcde', 'INVALID_BASE64'],
  ['data:image/png;base64,ab=', 'INVALID_BASE64'],
  ['data:image/png;base64,a=bc', 'INVALID_BASE64'],
  ['data:image/png;base64,ab_-', 'INVALID_BASE64'],
])('rejects %s', (url, code) => {
  expect(failure(() => decodeDataUrl(url, 'messages[0]'))).toEqual([code, 'messages[0]']);
});

it('accepts files up to the size limit in each encoding', () => {
  const largest = Buffer.alloc(MAX_BASE64_IMAGE_BYTES);
  const above = Buffer.alloc(MAX_BASE64_IMAGE_BYTES + 2).toString('base64');

  expect(decodeBase64(largest.toString('base64'), 'p')).toHaveLength(MAX_BASE64_IMAGE_BYTES);
  expect(failure(() => decodeBase64(above, 'p'))).toEqual(['PAYLOAD_TOO_LARGE', 'p']);
  expect(
    failure(() => decodeDataUrl(`data:,${'a'.repeat(MAX_BASE64_IMAGE_BYTES + 1)}`, 'p')),
  ).toEqual(['PAYLOAD_TOO_LARGE', 'p']);
});
