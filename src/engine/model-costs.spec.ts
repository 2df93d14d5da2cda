import { readFileSync } from 'node:fs';

import { tinyManifest } from '../../test/tiny-model/tiny-package.js';
import { createTokenizer, loadTokenizer, withChatTemplate } from '../language/tokenizer.js';
import { describeCosts } from './model-costs.js';

const FOLDER = 'test/golden/tokenizer';
const MEDIA = { image: 6, video: 7 };
const manifest = { ...tinyManifest(), files: {}, digest: '' };

/** The test tokenizer with another chat template. */
function withTemplate(template: string) {
  const read = (name: string) =>
    JSON.parse(readFileSync(`${FOLDER}/${name}`, 'utf8')) as Record<string, unknown>;
  const tokenizer = createTokenizer(read('tokenizer.json'), read('tokenizer_config.json'), MEDIA);
  return withChatTemplate(tokenizer, template);
}

const PARTS =
  "{% for part in m['content'] if part['type'] == 'text' %}{{ part['text'] }}{% endfor %}";
const eachMessage = (content: string) => `{% for m in messages %}${content}{% endfor %}`;

describe('describeCosts', () => {
  it('counts the longest caption prompt, without its image', async () => {
    const { instructionTokens } = describeCosts(manifest, await loadTokenizer(FOLDER, MEDIA));

    expect(instructionTokens).toBeGreaterThan(5);
  });

  it.each([
    [
      'places no image',
      eachMessage(PARTS),
      /must place the image of a caption once, but places it 0 times/,
    ],
    ['places two images', eachMessage(`{{ '<image><image>' }}${PARTS}`), /places it 2 times/],
    ['renders no text', eachMessage("{{ '<image>' }}"), /renders no user message/],
    [
      'demands a system message',
      `{% if messages[0]['role'] != 'system' %}{{ raise_exception('system') }}{% endif %}${eachMessage(PARTS)}`,
      /renders no user message|rejects the prompt of a caption/,
    ],
  ])('refuses a template that %s, with the remedy', (_, template, reason) => {
    const describeModel = () => describeCosts(manifest, withTemplate(template));

    expect(describeModel).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }) as Error);
    expect(describeModel).toThrow(reason);
    expect(describeModel).toThrow(/chat_template\.jinja: .*Convert it again/);
  });
});
