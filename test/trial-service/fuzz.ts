import { readFileSync } from 'node:fs';

import { createRandom } from '../../src/decoder/sampling/random.js';
import { startService } from '../e2e/service.js';
import { count, formatCounts, type Report } from './report.js';
import { type Answer, codeOf, form, json, type Outgoing, send } from './send.js';

const SEED = 18;
/** Requests at once: fewer than places in the queue, so that none is refused for lack of room. */
const LOOPS = 4;

const SAMPLES = [
  ...['fox.png', 'fox-at-dusk.jpg', 'fruit.webp', 'rabbit-enters.webm', 'rocket-rises.mp4'],
].map((name) => readFileSync(`samples/${name}`));

/** Requests made from the OpenAPI document, hostile bodies, and damaged images and videos. */
export async function runFuzz(report: Report, isShort: boolean): Promise<void> {
  const service = await startService();
  try {
    await service.waitUntilReady();
    const { url } = service;
    const document = await send(url, { path: '/openapi.json' });
    const operations = listOperations(JSON.parse(document.text) as Document);
    const random = createRandom(SEED);
    const requests = isShort ? 300 : 20_000;
    const mutants = isShort ? 40 : 5_000;
    check(
      report,
      `${requests} requests`,
      await sendAll(url, requests, () => fuzzRequest(operations, random)),
    );
    check(report, `${mutants} damaged files`, await sendAll(url, mutants, () => fuzzFile(random)));
    const live = await send(url, { path: '/health/live' });
    report.check('health afterwards', '200', String(live.status), live.status === 200);
    report.check(
      'processes that ended',
      'none of the model',
      `${service.output().split('model: restarting').length - 1}`,
      !service.output().includes('model: restarting'),
    );
  } finally {
    service.process.kill('SIGKILL');
  }
}

interface Sent {
  readonly outgoing: Outgoing;
  readonly answer: Answer;
}

async function sendAll(url: string, total: number, next: () => Outgoing): Promise<Sent[]> {
  const sent: Sent[] = [];
  let left = total;
  const loop = async () => {
    while (left > 0) {
      left -= 1;
      const outgoing = next();
      sent.push({ outgoing, answer: await send(url, { timeoutMs: 180_000, ...outgoing }) });
    }
  };
  await Promise.all(Array.from({ length: LOOPS }, loop));
  return sent;
}

function check(report: Report, what: string, sent: readonly Sent[]): void {
  const statuses = new Map<string, number>();
  for (const { answer } of sent) count(statuses, String(answer.status));
  const faults = sent.filter(({ answer }) => answer.status >= 500);
  for (const { outgoing, answer } of faults.slice(0, 5)) {
    console.error(describe(outgoing), answer.status, answer.text.slice(0, 300));
  }
  report.check(what, '0 x 5xx', formatCounts(statuses), faults.length === 0);
  const unanswered = sent.filter(({ answer: { status } }) => status === 0);
  for (const { outgoing, answer } of unanswered.slice(0, 5)) {
    console.error(describe(outgoing), answer.text);
  }
  report.check(
    `${what}: answered`,
    'all',
    `${sent.length - unanswered.length}`,
    unanswered.length === 0,
  );
  const silent = sent.filter(
    ({ outgoing, answer }) =>
      answer.status >= 400 && outgoing.method !== 'HEAD' && !isExplained(outgoing, answer),
  );
  for (const { outgoing, answer } of silent.slice(0, 5)) {
    console.error(describe(outgoing), answer.status, answer.text.slice(0, 200));
  }
  report.check(
    `${what}: errors with a code`,
    'all',
    `${silent.length} without`,
    silent.length === 0,
  );
}

/** Whether an error has a code. Those of Ollama's API are a sentence, as its clients expect. */
function isExplained({ path }: Outgoing, answer: Answer): boolean {
  return path.startsWith('/api/')
    ? /^\{"error":"[^"]/.test(answer.text)
    : codeOf(answer) !== undefined;
}

function describe({ method, path, headers, body }: Outgoing): string {
  const text = body === undefined ? '' : Buffer.from(body).subarray(0, 300).toString('latin1');
  return `${method ?? ''} ${path} ${JSON.stringify(headers ?? {})} ${JSON.stringify(text)}`;
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly requestBody?: {
              readonly content: Readonly<Record<string, { schema: Schema }>>;
            };
          }
        >
      >
    >
  >;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

interface Operation {
  readonly path: string;
  readonly method: string;
  readonly fields: Readonly<Record<string, Schema>>;
}

function listOperations({ paths, components }: Document): Operation[] {
  const fieldsOf = (schema: Schema): Record<string, Schema> => {
    const referred = schema.$ref && components?.schemas?.[schema.$ref.split('/').at(-1) ?? ''];
    const parts = [...(schema.allOf ?? []), ...(referred ? [referred] : [])];
    return Object.assign({ ...schema.properties }, ...parts.map(fieldsOf)) as Record<
      string,
      Schema
    >;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]) => {
      const [content] = Object.values(requestBody?.content ?? {});
      return {
        path,
        method: method.toUpperCase(),
        fields: content ? fieldsOf(content.schema) : {},
      };
    }),
  );
}

type Random = () => number;

function pick<T>(random: Random, values: readonly T[]): T {
  return values[Math.floor(random() * values.length)]!;
}

const HOSTILE: readonly unknown[] = [
  ...[null, true, -1, 0, 1e308, 2 ** 53, 0.1, '', ' ', '\0', '\ud800', '🦎', 'x'.repeat(5_000)],
  ...['__proto__', '${7*7}', '../../etc/passwd', '<|im_end|>', '{{7*7}}', 'NaN', '1e999', 'ca'],
  ...[[], {}, [[[[[]]]]], { __proto__: { a: 1 } }, { constructor: 1 }, [null, {}], ['en', 7]],
  ...[{ url: 'http://127.0.0.1/' }, { data: 'AAAA' }, [{ role: 'system', content: 1 }]],
];

const BODIES: readonly string[] = [
  ...['', '{', '[]', 'null', '"x"', '{}{}', '{"a":1,}', '\ufeff{}', '{"a":\u0000}', '1e999'],
  ...['['.repeat(10_000), '{"a":'.repeat(500), '{"__proto__":{"x":1}}', '{"\\ud800":1}'],
  `{"messages":[${'{},'.repeat(4_000)}{}]}`,
];

const TYPES: readonly string[] = [
  ...[
    'application/json',
    'application/json; charset=utf-16',
    'application/json;charset="',
    'text/x',
  ],
  ...['multipart/form-data', 'multipart/form-data; boundary=', 'multipart/form-data; boundary=b'],
  ...['application/x-www-form-urlencoded', '', ';', 'application/json, text/html', '\u00ff'],
];

const ACCEPTS = [
  '*/*',
  'text/event-stream',
  'text/vtt',
  'application/xml',
  '',
  ';q=2',
  'a/b;q=NaN',
];

function fuzzRequest(operations: readonly Operation[], random: Random): Outgoing {
  const operation = pick(random, operations);
  const isKnown = random() < 0.9;
  const id = pick(random, [
    'demo',
    '%00',
    '..%2f..',
    'x'.repeat(300),
    '%ff',
    'a b'.replace(' ', '%20'),
  ]);
  const query =
    random() < 0.2 ? pick(random, ['?', '?a[b]=1', '?%', '?__proto__=1', '?a=1&a=2']) : '';
  const path = `${operation.path.replace('{id}', id)}${isKnown ? '' : pick(random, ['/', '/x', '%2e', '//', ';'])}${query}`;
  const method =
    random() < 0.85
      ? operation.method
      : pick(random, ['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND']);
  const headers: Record<string, string> = { Accept: pick(random, ACCEPTS) };
  if (random() < 0.1) headers['X-Request-Id'] = pick(random, ['a', 'x'.repeat(200), '{}', '../']);
  if (method === 'GET' || method === 'HEAD') return { method, path, headers };
  const content = fuzzBody(operation, random);
  return { method, path, ...content, headers: { ...headers, ...content.headers } };
}

function fuzzBody({ fields }: Operation, random: Random): Pick<Outgoing, 'body' | 'headers'> {
  const kind = random();
  if (kind < 0.1) {
    return { body: pick(random, BODIES), headers: { 'Content-Type': pick(random, TYPES) } };
  }
  const given = Object.entries(fields).filter(() => random() < 0.4);
  const values = Object.fromEntries(
    given.map(([name, schema]) => [
      name,
      random() < 0.5 ? usual(schema, random) : pick(random, HOSTILE),
    ]),
  );
  // Long answers would take most of the time.
  if (random() < 0.8) Object.assign(values, 'max_tokens' in fields ? { max_tokens: 2 } : {});
  if (kind < 0.5) return json(values);
  const texts = Object.entries(values)
    .filter(([name]) => name !== 'file')
    .map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  const content = form(pick(random, SAMPLES), Object.fromEntries(texts) as Record<string, string>);
  if (kind < 0.9) return content;
  const body = Buffer.from(content.body ?? '');
  return { ...content, body: body.subarray(0, Math.floor(random() * body.length)) };
}

function usual(schema: Schema, random: Random): unknown {
  if (schema.enum) return pick(random, schema.enum);
  const [choice] = [...(schema.oneOf ?? []), ...(schema.anyOf ?? []), ...(schema.allOf ?? [])];
  if (choice) return usual(choice, random);
  switch (schema.type) {
    case 'integer':
    case 'number':
      return Math.ceil(random() * 4);
    case 'boolean':
      return random() < 0.5;
    case 'array':
      return schema.items ? [usual(schema.items, random)] : [];
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, each]) => [name, usual(each, random)]),
      );
    case 'string':
    case undefined:
    default:
      return pick(random, ['en', 'What is this?', 'visual-salamandra', 'demo', 'auto']);
  }
}

/** Bytes changed, cut, repeated or exchanged. */
function fuzzFile(random: Random): Outgoing {
  const file = Buffer.from(pick(random, SAMPLES));
  const at = Math.floor(random() ** 2 * file.length);
  const kind = Math.floor(random() * 5);
  let mutant: Buffer = file;
  if (kind === 0) mutant = file.subarray(0, at);
  else if (kind === 1) mutant = Buffer.concat([file.subarray(0, at), file]);
  else if (kind === 2) file.fill(Math.floor(random() * 256), at, Math.min(at + 64, file.length));
  else if (kind === 3)
    mutant = Buffer.concat([pick(random, SAMPLES).subarray(0, 64), file.subarray(64)]);
  else
    for (let flips = 0; flips < 12; flips += 1) {
      file[Math.floor(random() * file.length)] = Math.floor(random() * 256);
    }
  const fields = { max_tokens: '1', num_frames: '2', languages: 'en' };
  return { method: 'POST', path: '/v1/captions', ...form(mutant, fields) };
}
