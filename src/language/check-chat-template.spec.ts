import { readFileSync } from 'node:fs';

import { checkChatTemplate } from './check-chat-template.js';
import { createTokenizer, withChatTemplate } from './tokenizer.js';

const FOLDER = 'test/golden/tokenizer';
const MEDIA = { image: 6, video: 7 };
const read = (name: string) =>
  JSON.parse(readFileSync(`${FOLDER}/${name}`, 'utf8')) as Record<string, unknown>;

/** Checks a template with the test tokenizer. */
function check(template: string, media: typeof MEDIA | null = MEDIA): void {
  const tokenizer = createTokenizer(read('tokenizer.json'), read('tokenizer_config.json'), media);
  checkChatTemplate(withChatTemplate(tokenizer, template));
}

const eachMessage = (content: string) => `{% for m in messages %}${content}{% endfor %}`;
const part = (type: string, output: string) =>
  `{% if part['type'] == '${type}' %}${output}{% endif %}`;
const parts = (...outputs: string[]) =>
  eachMessage(`{% for part in m['content'] %}${outputs.join('')}{% endfor %}`);
const TEXT = part('text', "{{ part['text'] }}");
const IMAGE = part('image', '<image>');
const VIDEO = part('video', '<video>');

it('accepts a template that places each image and each video once', () => {
  check(parts(TEXT, IMAGE, VIDEO));
});

it.each([
  ['places no image', parts(TEXT, VIDEO), /image token 6 \(<image>\) 0 times.*Use the template/],
  ['places an image twice', parts(TEXT, IMAGE, IMAGE, VIDEO), /image token 6 \(<image>\) 2 times/],
  ['places no video', parts(TEXT, IMAGE), /video token 7 \(<video>\) 0 times/],
  ['renders no text', parts(IMAGE, VIDEO), /does not print the text of a user/],
  [
    'always fails',
    "{{ raise_exception('no conversation') }}",
    /the chat template cannot be used: .*no conversation/,
  ],
])('refuses a template that %s', (_, template, reason) => {
  expect(() => check(template)).toThrow(reason);
  expect(() => check(template)).toThrow(
    expect.objectContaining({ code: 'MODEL_INVALID' }) as Error,
  );
});

it('needs a text of a text model only', () => {
  check(eachMessage("{{ m['content'] }}"), null);
});
