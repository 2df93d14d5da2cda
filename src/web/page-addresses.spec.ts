import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = join(import.meta.dirname, 'page');
const SOURCES = readdirSync(PAGE, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(?:tsx?|html|css)$/.test(file) && !/\.spec\.tsx?$/.test(file))
  .map((file) => [file] as const);

/** An address from the root of the host: a string, an attribute or a `url()`. */
const ABSOLUTE = /['"`(]\/(?:v1|health|docs|samples|main|openapi|\w+\/|\w+\.\w+)/;

it('recognizes absolute addresses', () => {
  for (const text of ["'/v1/models'", 'href="/docs"', 'url(/a.png)', '`/samples/${file}`']) {
    expect(text).toMatch(ABSOLUTE);
  }
});

it.each(SOURCES)('has relative addresses only, for proxies with a path prefix: %s', (file) => {
  expect(readFileSync(join(PAGE, file), 'utf8')).not.toMatch(ABSOLUTE);
});
