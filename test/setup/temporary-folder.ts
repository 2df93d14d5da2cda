import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolder {
  /** The path of a file in the folder. The file need not exist. */
  path(name: string): string;
  /** Writes a file in the folder and returns its path. */
  write(name: string, content: string | Uint8Array): string;
  remove(): void;
}

/** Creates a temporary folder for the files of a spec. */
export function createTemporaryFolder(): TemporaryFolder {
  const folder = mkdtempSync(join(tmpdir(), 'salamandra-spec-'));
  const path = (name: string) => join(folder, name);
  return {
    path,
    write(name, content) {
      writeFileSync(path(name), content);
      return path(name);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
