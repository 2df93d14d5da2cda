/**
 * `npm run trial:json -- [--short]`: asks the built service for JSON of 20 schemas about a picture, at temperature 1
 * with different seeds, through OpenAI's client. Every complete answer has to parse and to follow its schema. Compares
 * the time per token with free text. Exits with 1 if a bound does not hold.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { Ajv2020 } from 'ajv/dist/2020.js';
import type OpenAI from 'openai';

import { startService } from '../e2e/service.js';
import { createOpenAiClient } from '../http/openai-client.js';
import { SCHEMAS } from './schemas.js';

const MAX_SLOWDOWN = 1.1;
const MAX_TOKENS = 400;
const MEASURED_TOKENS = 200;

const { values } = parseArgs({ options: { short: { type: 'boolean', default: false } } });
const seeds = values.short ? 2 : 25;
const rounds = values.short ? 1 : 15;

const service = await startService();
await service.waitUntilReady();
const client = createOpenAiClient(`${service.url}/v1`);
const bytes = await readFile(new URL('../../samples/fruit.webp', import.meta.url));
const picture = `data:image/webp;base64,${bytes.toString('base64')}`;
const ajv = new Ajv2020({ strict: false });
const failures: string[] = [];

type Format = OpenAI.ChatCompletionCreateParams['response_format'];

const formatOf = (schema: Record<string, unknown>): Format => ({
  type: 'json_schema',
  json_schema: { name: 'answer', schema, strict: true },
});

/** Seed 0 is greedy. The client's type calls `seed` deprecated, which it is not here. */
const sampled = (seed: number): object => ({ temperature: seed === 0 ? 0 : 1, seed });

function create(fields: Partial<OpenAI.ChatCompletionCreateParams>) {
  return client.chat.completions.create({
    model: 'demo',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: picture, detail: 'low' } },
          { type: 'text', text: 'Describe the picture as JSON.' },
        ],
      },
    ],
    max_completion_tokens: MAX_TOKENS,
    ...fields,
    stream: false,
  }) as Promise<OpenAI.ChatCompletion>;
}

function check(what: string, bound: string, measured: string, holds: boolean): void {
  console.log(
    [holds ? 'ok  ' : 'FAIL', what, `bound ${bound}`, `measured ${measured}`].join(' | '),
  );
  if (!holds) failures.push(what);
}

let [complete, cut, invalid] = [0, 0, 0];
for (const [name, schema] of Object.entries(SCHEMAS)) {
  const isValid = ajv.compile(schema);
  const replies = await Promise.all(
    Array.from({ length: seeds }, (_, seed) =>
      create({ response_format: formatOf(schema), ...sampled(seed) }),
    ),
  );
  for (const { choices } of replies) {
    const content = choices[0]?.message.content ?? '';
    if (choices[0]?.finish_reason === 'length') cut += 1;
    else if (isJson(content, isValid)) complete += 1;
    else {
      invalid += 1;
      console.log(`     | ${name}: ${content}`);
    }
  }
}
const total = complete + cut + invalid;
check(
  'complete answers follow their schema',
  `${total - cut} of ${total - cut}`,
  `${complete}`,
  invalid === 0,
);
check(
  'answers end before the limit',
  'at least 95 %',
  `${total - cut} of ${total}`,
  cut <= total / 20,
);

const objects = await Promise.all(
  Array.from({ length: seeds }, (_, seed) =>
    create({ response_format: { type: 'json_object' }, ...sampled(seed) }),
  ),
);
const finished = objects.flatMap(({ choices: [choice] }) =>
  choice?.finish_reason === 'stop' ? [choice.message.content ?? ''] : [],
);
check(
  'json_object: complete answers are objects',
  `${finished.length} of ${finished.length}`,
  `${finished.filter((text) => isJson(text, (value) => typeof value === 'object')).length}`,
  finished.every((text) => isJson(text, (value) => typeof value === 'object')),
);

const json = formatOf({ type: 'array', items: { type: 'string' }, minItems: MEASURED_TOKENS });
const ratios: number[] = [];
for (let round = 0; round <= rounds; round++) {
  const limit = { ...sampled(round), max_completion_tokens: MEASURED_TOKENS };
  const free = await timePerToken({ ...limit, min_tokens: MEASURED_TOKENS } as object);
  const restricted = await timePerToken({ ...limit, response_format: json });
  // The first round compiles the grammar and fills the caches.
  if (round > 0) ratios.push(restricted / free);
}
const ratio = ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? NaN;
console.log(
  `     | time per token, JSON against free text: ${ratio.toFixed(3)} (median of ${ratios.length})`,
);
if (!values.short) {
  check('time per token', `at most ${MAX_SLOWDOWN}`, ratio.toFixed(3), ratio <= MAX_SLOWDOWN);
}

await service.stop();
process.exitCode = failures.length > 0 ? 1 : 0;

function isJson(text: string, isValid: (value: unknown) => unknown): boolean {
  try {
    return isValid(JSON.parse(text)) === true;
  } catch {
    return false;
  }
}

async function timePerToken(fields: Partial<OpenAI.ChatCompletionCreateParams>): Promise<number> {
  const start = performance.now();
  const { usage } = await create(fields);
  return (performance.now() - start) / (usage?.completion_tokens ?? 1);
}
