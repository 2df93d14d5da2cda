import { type AddressInfo, connect } from 'node:net';

import type { NestExpressApplication } from '@nestjs/platform-express';

import { createFakeEngine } from '../../../test/fakes/fake-engine.js';
import { createApp } from '../server.js';
import { parseContentType } from './content-type.js';

describe('parseContentType', () => {
  it.each([
    ['application/json', 'application/json', {}],
    [' Application/JSON ;', 'application/json', {}],
    ['text/plain;;charset=UTF-8 ; ', 'text/plain', { charset: 'UTF-8' }],
    ['multipart/form-data; Boundary="a b\\"c"', 'multipart/form-data', { boundary: 'a b"c' }],
    ['multipart/form-data; boundary=a; boundary=b', 'multipart/form-data', { boundary: 'a' }],
  ])('parses %j', (text, mediaType, parameters) => {
    const parsed = parseContentType(text);

    expect(parsed?.mediaType).toBe(mediaType);
    expect(Object.fromEntries(parsed?.parameters ?? [])).toEqual(parameters);
  });

  it.each([
    ...['', 'json', '/json', 'application/', 'application/json charset=utf-8', 'a/b/c', 'a/b, c/d'],
    ...['a/b; c', 'a/b; c=', 'a/b; =d', 'a/b; c="d', 'a/b; c=d e', 'a/b; c = d', 'a/b; c="\x01"'],
  ])('rejects %j', (text) => {
    expect(parseContentType(text)).toBeNull();
  });

  it('takes linear time', () => {
    const startMs = performance.now();
    expect(parseContentType(`a/b${';   '.repeat(50_000)}x`)).toBeNull();
    expect(parseContentType(`a/b; c="${'\\a'.repeat(50_000)}`)).toBeNull();
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });
});

/** Sends a request as it is, and returns the whole reply. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(text, 'latin1');
  let reply = '';
  for await (const chunk of socket) reply += String(chunk);
  return reply;
}

describe('every route with a body', () => {
  let app: NestExpressApplication;

  beforeAll(async () => {
    app = await createApp(createFakeEngine());
    await app.listen(0, '127.0.0.1');
  });

  afterAll(() => app.close());

  const ROUTES = [
    'captions',
    'answers',
    'videos/captions',
    'estimate',
    'chat/completions',
    'completions',
  ];
  const TYPES = [
    ...['multipart/form-data', 'multipart/form-data;', 'multipart/form-data; boundary'],
    ...['multipart/form-data; boundary=', 'multipart/form-data; boundary=""', 'multipart/mixed'],
    ...[
      'multipart/form-data; boundary="',
      'multipart/form-data, boundary=x',
      'multipart/form-data; x; boundary=b',
    ],
    ...[
      'multipart/form-data; boundary=b c',
      'multipart/form-data;boundary=b;=',
      'multipart/*',
      'multipart/x; boundary=b',
    ],
    ...[
      '',
      ' ',
      ';',
      'json',
      'application/json; charset',
      'application/json; charset=x',
      'application/json,',
    ],
    ...[
      'application/json; charset="utf-8',
      'application/x-www-form-urlencoded',
      'text/plain',
      '\xff/\xff',
    ],
  ];

  it.each(ROUTES)(
    'rejects malformed and unsupported types with 400 or 415: /v1/%s',
    async (route) => {
      const { port } = app.getHttpServer().address() as AddressInfo;
      const body = '--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n';
      for (const type of TYPES) {
        const reply = await exchange(
          port,
          `POST /v1/${route} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
        expect([type, /^HTTP\/1\.1 (?:400|415) /.test(reply)]).toEqual([type, true]);
      }
    },
  );
});
