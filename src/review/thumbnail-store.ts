import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of all thumbnails: 200,000 of the small ones. */
const MAX_BYTES = 2_000_000_000;
/** Part of the limit that is written before the files are counted again. */
const SWEEP_PART = 0.05;
/** Part of the limit that a sweep leaves. */
const KEEP_PART = 0.9;

/**
 * Thumbnails on disk, by a key. A file that cannot be read or written counts as missing: thumbnails can be drawn again.
 * Those that were not used for the longest time are removed above the limit.
 */
export class ThumbnailStore {
  private readonly drawing = new Map<string, Promise<Uint8Array>>();
  private writtenBytes = Infinity;
  private sweeping: Promise<void> | undefined;

  constructor(
    private readonly folder: string,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  /** The thumbnail of a key; drawn once, also for requests at the same time. @throws the errors of `draw` */
  async get(key: string, draw: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const stored = await this.read(key);
    if (stored) return stored;
    const drawing = this.drawing.get(key) ?? this.drawAndStore(key, draw);
    this.drawing.set(key, drawing);
    return await drawing.finally(() => this.drawing.delete(key));
  }

  private async drawAndStore(key: string, draw: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const thumbnail = await draw();
    await this.write(key, thumbnail).catch(() => undefined);
    return thumbnail;
  }

  private async read(key: string): Promise<Uint8Array | undefined> {
    const path = this.pathOf(key);
    const content = await readFile(path).catch(() => undefined);
    if (!content) return undefined;
    const now = new Date();
    await utimes(path, now, now).catch(() => undefined);
    return content;
  }

  /** A file is complete or missing: it is renamed when it is written. */
  private async write(key: string, content: Uint8Array): Promise<void> {
    const path = this.pathOf(key);
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
    const partial = `${path}.${randomBytes(6).toString('hex')}`;
    await writeFile(partial, content, { mode: 0o600 });
    await rename(partial, path);
    this.writtenBytes += content.length;
    if (this.writtenBytes < this.maxBytes * SWEEP_PART) return;
    this.writtenBytes = 0;
    this.sweeping ??= this.sweep().finally(() => (this.sweeping = undefined));
    await this.sweeping;
  }

  private async sweep(): Promise<void> {
    const files: { path: string; bytes: number; usedMs: number }[] = [];
    for (const name of await readdir(this.folder, { recursive: true }).catch(() => [])) {
      const path = join(this.folder, name);
      const status = await stat(path).catch(() => undefined);
      if (status?.isFile()) files.push({ path, bytes: status.size, usedMs: status.mtimeMs });
    }
    let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    if (bytes <= this.maxBytes) return;
    for (const file of files.toSorted((a, b) => a.usedMs - b.usedMs)) {
      if (bytes <= this.maxBytes * KEEP_PART) return;
      await rm(file.path, { force: true });
      bytes -= file.bytes;
    }
  }

  private pathOf(key: string): string {
    const hash = createHash('sha256').update(key).digest('hex');
    return join(this.folder, hash.slice(0, 2), `${hash}.webp`);
  }
}
