import { createEventParser, type ServerEvent } from './parse-events.js';

/** Parses a stream that arrives in these chunks. */
function parse(...chunks: string[]): ServerEvent[] {
  const parser = createEventParser();
  return chunks.flatMap((chunk) => parser(chunk));
}

const STREAM =
  'event: media\ndata: {"a":1}\n\n: ping\n\nevent: text-delta\ndata: {"text":"à"}\n\ndata: x\n\n';
const EVENTS = [
  { name: 'media', data: '{"a":1}' },
  { name: 'text-delta', data: '{"text":"à"}' },
  { name: 'message', data: 'x' },
];

it('parses events and ignores comments', () => {
  expect(parse(STREAM)).toEqual(EVENTS);
});

it.each([
  ['\n', STREAM],
  ['\r\n', STREAM.replaceAll('\n', '\r\n')],
  ['\r', STREAM.replaceAll('\n', '\r')],
])('parses lines that end in %j, split at any position', (_, stream) => {
  for (let cut = 0; cut <= stream.length; cut++) {
    expect(parse(stream.slice(0, cut), stream.slice(cut))).toEqual(EVENTS);
  }
  expect(parse(...stream.split(/(?:)/u))).toEqual(EVENTS);
});

it('returns an event as soon as its blank line arrives', () => {
  const parser = createEventParser();

  expect(parser('data: 1\r\n')).toEqual([]);
  expect(parser('\r')).toEqual([{ name: 'message', data: '1' }]);
  expect(parser('\ndata: 2\r\n\r\n')).toEqual([{ name: 'message', data: '2' }]);
});

it('joins the lines of data', () => {
  expect(parse('data: one\ndata:two\ndata\ndata:  four\n\n')).toEqual([
    { name: 'message', data: 'one\ntwo\n\n four' },
  ]);
});

it('ignores other fields, events without data and incomplete events', () => {
  expect(parse('id: 7\nretry: 10\nevent: a\n\ndata: x\n\nevent: b\ndata: y\n')).toEqual([
    { name: 'message', data: 'x' },
  ]);
});

it('keeps colons and field-like text in data', () => {
  expect(parse('data: data: {"a":"b: c"}\n\n')).toEqual([
    { name: 'message', data: 'data: {"a":"b: c"}' },
  ]);
});
