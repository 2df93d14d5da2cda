import { readFileSync } from 'node:fs';

import type { LanguageEntry } from '../../src/language/languages.js';
import type { ReviewedText } from '../../src/review/reviewed-items.js';
import { createEdited, createText } from './export-fixture.js';

const LANGUAGES = JSON.parse(
  readFileSync(new URL('../../src/language/languages.json', import.meta.url), 'utf8'),
) as readonly LanguageEntry[];

/** What a text may contain, and formats may lose. */
const ENDINGS: readonly string[] = [
  '',
  ...[
    '"double", \'single\', “curly”, «angle» and `back`',
    'two\nlines',
    'old\rline',
    'crlf\r\nline',
  ],
  ...['a\ttab', 'a blank\n\nline', 'semicolon; comma, pipe | and backslash \\', '  spaces  '],
  ...[
    '\u00a0no-break\u2009thin\u200bzero',
    'line\u2028and paragraph\u2029separators',
    'next\u0085line',
  ],
  ...['family 👩‍👩‍👧‍👦, flag 🇨🇦, skin 👍🏽, keycap 1️⃣', '𝒜𝓁𝓅𝒽𝒶 𐍈 🏴󠁧󠁢󠁥󠁮󠁧󠁿', 'e\u0301 and é, ﬁ, Å'],
  ...[
    'שלום עולם',
    'مرحبا بالعالم ١٢٣',
    'नमस्ते दुनिया',
    '你好，世界',
    'こんにちは',
    '한국어',
    'ไทย',
    'ქართული',
  ],
  ...[
    'mark \u200f right, embedding \u202babc\u202c, override \u202egnp.exe\u202c, isolate \u2067x\u2069',
  ],
  ...[
    '<b>bold</b> & <script>alert("x")</script>',
    '&amp; &#65; &lt;',
    ']]> --> <!-- <![CDATA[ x ]]>',
  ],
  ...[
    '<?xml version="1.0"?><!DOCTYPE x>',
    '${x} #{y} %s %00 \\u0041 {{z}}',
    '00:00:01.000 --> 00:00:02.000',
  ],
  ...['bell \u0007, escape \u001b[31m, form feed \f, delete \u007f, C1 \u0090'],
  ...['not a character \ufffe, replacement \ufffd, byte order mark \ufeff', 'x'.repeat(5_000)],
];

/** Texts that begin like a formula, which spreadsheets would run. */
const BEGINNINGS: readonly string[] = [
  ...[
    '=HYPERLINK("http://x.example","x")',
    '+1+1',
    '-2',
    '@SUM(A1)',
    '\t=1',
    "'=1",
    "''=1",
    "'quoted'",
  ],
  ...['＝1', '"', ',', '\ufeff', ' ', '\r=1', '#comment', 'NOTE '],
];

/** 500 texts in 35 languages with every kind of difficulty; none is empty. Each has its own item. */
export const DIFFICULT_TEXTS: readonly ReviewedText[] = Array.from({ length: 500 }, (_, index) => {
  const { code, answerIn } = LANGUAGES[index % LANGUAGES.length]!;
  const beginning = index % 3 === 0 ? BEGINNINGS[(index / 3) % BEGINNINGS.length]! : '';
  const text = `${beginning}${answerIn} ${ENDINGS[index % ENDINGS.length]!} ${index}`;
  return index % 2 === 0
    ? createText(text, { language: code })
    : createEdited(text, { language: code });
});
