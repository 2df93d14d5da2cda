import { checkRedirect, checkUrl } from './ssrf-guard.js';

const RULES = { allowedDomains: null, ports: new Set([80, 443]) };
const REJECTED = expect.objectContaining({ code: 'MEDIA_URL_REJECTED' }) as unknown;

describe('checkUrl', () => {
  it.each([
    ['http://example.org', 'http://example.org/'],
    ['HTTPS://Example.ORG:443/a b.jpg'.replace(' ', '%20'), 'https://example.org/a%20b.jpg'],
    ['http://example.org:443/', 'http://example.org:443/'],
    ['https://example.org./x', 'https://example.org/x'],
    ['https://càmera.cat/?q=a@b#c', 'https://xn--cmera-rqa.cat/?q=a@b#c'],
    ['http://example.org/@user/1.jpg', 'http://example.org/@user/1.jpg'],
    // What stands behind the first # is never sent, whatever another parser makes of it.
    ['http://example.org#@127.0.0.1/', 'http://example.org/#@127.0.0.1/'],
    ['http://2130706433/', 'http://127.0.0.1/'],
    [`http://example.org/${'a'.repeat(2_029)}`, `http://example.org/${'a'.repeat(2_029)}`],
  ])('reads %j', (text, href) => {
    expect(checkUrl(text, RULES).href).toBe(href);
  });

  it.each([
    'file:///etc/passwd',
    'FILE:///etc/passwd',
    'ftp://example.org/a.jpg',
    'gopher://example.org/',
    'ws://example.org/',
    'data:image/png;base64,AAAA',
    'blob:http://example.org/1',
    'javascript:alert(1)',
    'view-source:http://example.org/',
    'unix:/var/run/docker.sock',
    '//example.org/a.jpg',
    '/a.jpg',
    'example.org/a.jpg',
    '',
    'http://',
    'http:///example.org',
    'http:example.org',
    'http:/example.org',
    'http://user@example.org/',
    'http://user:secret@example.org/',
    'http://:secret@example.org/',
    'http://127.0.0.1%2f@example.org/',
    'http://example.org\\@127.0.0.1/',
    'http:\\\\example.org',
    'http://exam\tple.org/',
    'http://example.org/\r\nHost: 127.0.0.1',
    'http://example.org/\n',
    ' http://example.org/',
    'http://example.org/a b',
    'http://example.org/\u0000',
    'http://example.org/\u0085',
    'http://exa mple.org/',
    'http://example.org:22/',
    'http://example.org:8080/',
    'http://example.org:0/',
    'http://example.org:65536/',
    'http://[::1/',
    'http://[fe80::1%25eth0]/',
    'http://1.2.3.4.5/',
    'http://256.256.256.256/',
    'http://exa%00mple.org/',
    'http://exa<mple.org/',
    `http://example.org/${'a'.repeat(2_030)}`,
  ])('rejects %j', (text) => {
    expect(() => checkUrl(text, RULES)).toThrow(REJECTED as Error);
  });

  describe('with a list of domains', () => {
    const rules = {
      ...RULES,
      allowedDomains: ['example.org', '.arxiu.cat', 'xn--cmera-rqa.cat', '93.184.216.34'],
    };

    it.each([
      'http://example.org/',
      'http://EXAMPLE.org./',
      'http://example%2Eorg/',
      'http://a.arxiu.cat/',
      'http://a.b.arxiu.cat./',
      'http://càmera.cat/',
      'http://ＣÀmera.cat/',
      'http://93.184.216.34/',
    ])('takes %s', (text) => {
      expect(checkUrl(text, rules)).toBeInstanceOf(URL);
    });

    it.each([
      'http://a.example.org/',
      'http://example.org.evil.net/',
      'http://evilexample.org/',
      'http://arxiu.cat/',
      'http://evilarxiu.cat/',
      'http://example.org@evil.net/',
      'http://evil.net/?example.org',
      'http://evil.net#.arxiu.cat',
      'http://camera.cat/',
      'http://93.184.216.35/',
    ])('rejects %s', (text) => {
      expect(() => checkUrl(text, rules)).toThrow(REJECTED as Error);
    });
  });
});

describe('checkRedirect', () => {
  const from = new URL('https://example.org/a/b.jpg?c');

  it.each([
    ['d.jpg', 'https://example.org/a/d.jpg'],
    ['/d.jpg', 'https://example.org/d.jpg'],
    ['//cdn.example.org./d.jpg', 'https://cdn.example.org/d.jpg'],
    ['https://example.net/', 'https://example.net/'],
  ])('follows %j', (location, href) => {
    expect(checkRedirect(location, from, RULES).href).toBe(href);
  });

  it.each([
    '',
    'http://example.org/',
    'file:///etc/passwd',
    'data:image/png;base64,AAAA',
    'https://user@example.org/',
    'https://example.org:22/',
    '//example.org:8443/',
    '\\\\127.0.0.1/',
    '/a\tb',
    'https://[::1/',
    `/${'a'.repeat(2_048)}`,
  ])('rejects %j', (location) => {
    expect(() => checkRedirect(location, from, RULES)).toThrow(REJECTED as Error);
  });

  it('holds redirects to the list of domains', () => {
    const rules = { ...RULES, allowedDomains: ['example.org'] };
    expect(checkRedirect('/x', from, rules).href).toBe('https://example.org/x');
    expect(() => checkRedirect('//cdn.example.org/x', from, rules)).toThrow(REJECTED as Error);
  });

  it('allows encryption to begin', () => {
    const plain = new URL('http://example.org/');
    expect(checkRedirect('https://example.org/', plain, RULES).protocol).toBe('https:');
  });
});
