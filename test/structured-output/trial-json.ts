/**
 * `npm run trial:json -- [--short]`: asks the built service for JSON of 20 schemas about a picture, at temperature 1
 * with different seeds, through OpenAI's client. Every complete answer has to parse and to follow its schema. Compares
 * the time per token with free text. Exits with 1 if a bound does not hold.
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

import { Ajv2020 } from 'ajv/dist/2020.js';
import type OpenAI from 'openai';

import { median } from '../bench/median.js';
import { startService } from '../e2e/service.js';
import { createOpenAiClient } from '../http/openai-client.js';
import { createReport } from '../jobs/trial-report.js';
import { SCHEMAS } from './schemas.js';

const MAX_SLOWDOWN = 1.1;
const MAX_TOKENS = 400;
const MEASURED_TOKENS = 200;
/** Requests at a time. The service queues 24 of one client. */
const PARALLEL = 8;

const { values } = parseArgs({ options: { short: { type: 'boolean', default: false } } });
const seeds = values.short ? 2 : 25;
const rounds = values.short ? 1 : 15;

const service = await startService();
const client = createOpenAiClient(`${service.url}/v1`);
const bytes = await readFile(new URL('../../samples/fruit.webp', import.meta.url));
const picture = `data:image/webp;base64,${bytes.toString('base64')}`;
const ajv = new Ajv2020({ strict: false });
const report = createReport((line) => console.log(line));

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

try {
  await service.waitUntilReady();
  await checkSchemas();
  await checkObjects();
  await checkSpeed();
} finally {
  await service.stop();
}
process.exitCode = report.failures.length > 0 ? 1 : 0;

/** One reply for each seed, in no particular order. */
async function createForSeeds(format: Format): Promise<OpenAI.ChatCompletion[]> {
  const replies: OpenAI.ChatCompletion[] = [];
  const waiting = Array.from({ length: seeds }, (_, seed) => seed).values();
  const lane = async () => {
    for (const seed of waiting) {
      replies.push(await create({ response_format: format, ...sampled(seed) }));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, lane));
  return replies;
}

async function checkSchemas(): Promise<void> {
  let [complete, cut, invalid] = [0, 0, 0];
  for (const [name, schema] of Object.entries(SCHEMAS)) {
    const isValid = ajv.compile(schema);
    const replies = await createForSeeds(formatOf(schema));
    for (const { choices } of replies) {
      const content = choices[0]?.message.content ?? '';
      if (choices[0]?.finish_reason === 'length') cut += 1;
      else if (isJson(content, isValid)) complete += 1;
      else {
        invalid += 1;
        report.note(`${name}: ${content}`);
      }
    }
  }
  const total = complete + cut + invalid;
  report.check({
    what: 'complete answers follow their schema',
    bound: `all ${total - cut}`,
    measured: `${complete}`,
    holds: invalid === 0,
  });
  report.check({
    what: 'answers end before the limit',
    bound: 'at least 95 %',
    measured: `${total - cut} of ${total}`,
    holds: cut <= total / 20,
  });
}

async function checkObjects(): Promise<void> {
  const replies = await createForSeeds({ type: 'json_object' });
  const complete = replies.flatMap(({ choices: [choice] }) =>
    choice?.finish_reason === 'stop' ? [choice.message.content ?? ''] : [],
  );
  const valid = complete.filter((text) => isJson(text, (value) => typeof value === 'object'));
  report.check({
    what: 'json_object: complete answers are objects',
    bound: `all ${complete.length}`,
    measured: `${valid.length}`,
    holds: valid.length === complete.length,
  });
}

async function checkSpeed(): Promise<void> {
  const json = formatOf({ type: 'array', items: { type: 'string' }, minItems: MEASURED_TOKENS });
  const ratios: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const limit = { ...sampled(round), max_completion_tokens: MEASURED_TOKENS };
    const free = await timePerToken({ ...limit, min_tokens: MEASURED_TOKENS } as object);
    const restricted = await timePerToken({ ...limit, response_format: json });
    // The first round compiles the grammar and fills the caches.
    if (round > 0) ratios.push(restricted / free);
  }
  const ratio = median(ratios);
  const what = `time per token, JSON against free text (median of ${ratios.length})`;
  // A single round on a busy machine decides nothing.
  if (values.short) report.note(`${what}: ${ratio.toFixed(3)}`);
  else {
    report.check({
      ...{ what, bound: `at most ${MAX_SLOWDOWN}`, measured: ratio.toFixed(3) },
      holds: ratio <= MAX_SLOWDOWN,
    });
  }
}

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
