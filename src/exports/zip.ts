import { makeZip } from 'client-zip';

import type { ExportedFile } from './export-format.js';

/** A ZIP archive, one file at a time. Files are stored without compression, which costs the service no time. */
export async function* writeZip(
  files: AsyncIterable<ExportedFile>,
  now: Date,
): AsyncGenerator<Uint8Array> {
  const reader = makeZip(toEntries(files, now)).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // A client that went away needs no further files.
    await reader.cancel().catch(() => undefined);
  }
}

async function* toEntries(
  files: AsyncIterable<ExportedFile>,
  lastModified: Date,
): AsyncGenerator<{ name: string; input: string; lastModified: Date }> {
  for await (const { path, content } of files) yield { name: path, input: content, lastModified };
}
