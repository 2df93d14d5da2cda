import {
  archiveRow,
  captionedPictureRow,
  clientsRow,
  demoRow,
  LANGUAGE_COUNTS,
  languagesRow,
  secondQuestionRow,
  tilesRow,
} from './engine-rows.js';
import type { Row } from './row.js';
import { CONTEXT, memoryLimitRow, sequenceRow, textRows, transformersRow } from './text-rows.js';

const LENGTHS = [64, CONTEXT, 2_000, 4_000];
const QUICK_ROWS = ['prefill-770', 'decode-770', 'tiles-1'];
/** The context of the bundled model is 1,024 tokens, so it cannot be measured at 4,096. */
const DEMO_LENGTHS = [64, 900];

const MAIN_TARGETS: Readonly<Record<number, { prefill?: number; decode?: number }>> = {
  [CONTEXT]: { prefill: 5, decode: 1.2 },
  4_000: { prefill: 3, decode: 1.1 },
};

export const ROWS: readonly Row[] = [
  ...LENGTHS.flatMap((tokens) =>
    textRows('2b', tokens, MAIN_TARGETS[tokens] ?? {}, { withTransformers: tokens === CONTEXT }),
  ),
  transformersRow(),
  memoryLimitRow(),
  ...[4, 8].map(sequenceRow),
  ...[1, 5, 10].map((tiles) => tilesRow('so400m', tiles)),
  ...[1, 5].map((tiles) => tilesRow('giant', tiles)),
  secondQuestionRow('low'),
  secondQuestionRow('high'),
  ...LANGUAGE_COUNTS.map((count) => languagesRow(count, 'one by one, nothing kept')),
  languagesRow(8, 'one by one'),
  clientsRow(),
  ...DEMO_LENGTHS.flatMap((tokens) => textRows('demo', tokens, {}, { suffix: `demo-${tokens}` })),
  ...(['low', 'auto', 'high'] as const).map(demoRow),
  captionedPictureRow('demo'),
  ...textRows('0.5b', CONTEXT, {}, { suffix: `0.5b-${CONTEXT}` }),
  captionedPictureRow('0.5b'),
  captionedPictureRow('2b'),
  ...textRows('2.8b', CONTEXT, {}, { suffix: `2.8b-${CONTEXT}` }),
  captionedPictureRow('2.8b'),
  ...[1, 4, 8, 16].map((parallel) => archiveRow('2b', 1, parallel)),
  ...[3, 8].map((languages) => archiveRow('2b', languages, 8)),
  ...[1, 3].map((languages) => archiveRow('0.5b', languages, 8)),
  ...[1, 3].map((languages) => archiveRow('7b', languages, 4)),
  ...textRows('7b', 384, { prefill: 3.5, decode: 1.1 }, { suffix: '7b-384' }),
  captionedPictureRow('7b'),
];

/** The rows with these names or prefixes, or all without names. @throws RangeError for an unknown name */
export function chooseRows(names: readonly string[], isQuick: boolean): Row[] {
  const wanted = names.length === 0 && isQuick ? QUICK_ROWS : names;
  if (wanted.length === 0) return [...ROWS];
  const chosen = new Set(
    wanted.flatMap((name) => {
      const exact = ROWS.filter((row) => row.name === name);
      const found = exact.length > 0 ? exact : ROWS.filter((row) => row.name.startsWith(name));
      if (found.length > 0) return found;
      throw new RangeError(`Unknown row ${name}. Rows: ${ROWS.map((row) => row.name).join(', ')}`);
    }),
  );
  return ROWS.filter((row) => chosen.has(row));
}
