/**
 * Prints the memory of each format over 20,000 items, in MB of heap after collection, at the first and the last items:
 * `node --expose-gc --import tsx test/exports/measure-memory.ts`
 */
import { streamExport, Omissions } from '../../src/exports/export-job.js';
import { EXPORT_FORMATS, type FormatName } from '../../src/exports/formats.js';
import type { ReviewedItem } from '../../src/review/reviewed-items.js';
import { createContext, createItem, createText } from './export-fixture.js';

const ITEMS = 20_000;
/** IIIF needs manifests, and WebVTT clips. */
const FORMATS = (Object.keys(EXPORT_FORMATS) as FormatName[]).filter(
  (name) => name !== 'iiif' && name !== 'webvtt',
);

async function* createItems(onItem: (position: number) => void): AsyncGenerator<ReviewedItem> {
  await Promise.resolve();
  for (let position = 0; position < ITEMS; position += 1) {
    onItem(position);
    const texts = ['ca', 'es', 'en'].map((language) =>
      createText(`Un gat ${position}. `.repeat(20), { language }),
    );
    const location = { kind: 'url', url: `https://x.example/${position}.jpg` } as const;
    yield createItem(`${position}.jpg`, texts, { id: position, position, location });
  }
}

function heapMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
}

for (const format of FORMATS) {
  const heaps: number[] = [];
  const context = {
    ...createContext([]),
    items: () =>
      createItems((position) => {
        if (position === 1_000 || position === ITEMS - 1) heaps.push(heapMb());
      }),
  };
  const omissions = new Omissions();
  const exported = { ...context, omit: omissions.add };
  let bytes = 0;
  for await (const chunk of streamExport(format, exported, omissions).chunks) {
    bytes += Buffer.byteLength(chunk);
  }
  const [first = 0, last = 0] = heaps.slice(-2);
  console.log(
    `${format.padEnd(12)} ${(bytes / 1e6).toFixed(0).padStart(5)} MB written, heap ${first.toFixed(0)} MB at item 1,000, ${last.toFixed(0)} MB at item ${ITEMS}`,
  );
}
