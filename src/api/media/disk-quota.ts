import { MAX_VIDEO_BYTES } from '../../config/limits.js';
import { SalamandraError } from '../../errors/salamandra-error.js';

/** Bytes of the temporary files of all clients, counted while they arrive. */
export class DiskQuota {
  private readonly clients = new Map<string, number>();
  private bytes = 0;

  /** @param limit of all clients. One client may use half of it, and always one video of the largest size. */
  constructor(private readonly limit: number) {}

  /** Bytes of all clients. */
  get usedBytes(): number {
    return this.bytes;
  }

  /** @throws RATE_LIMITED above the share of the client, STORAGE_FULL above the limit of all. */
  take(client: string, bytes: number): void {
    const own = this.clients.get(client) ?? 0;
    const share = Math.min(Math.max(this.limit / 2, MAX_VIDEO_BYTES), this.limit);
    if (own + bytes > share) throw overQuota('RATE_LIMITED', 'Your requests use', share);
    if (this.bytes + bytes > this.limit) {
      throw overQuota('STORAGE_FULL', 'All requests use', this.limit);
    }
    this.clients.set(client, own + bytes);
    this.bytes += bytes;
  }

  /** @param bytes of the files that stay, with the one that arrives. @throws STORAGE_FULL above the limit. */
  checkStored(bytes: number): void {
    if (bytes <= this.limit) return;
    throw new SalamandraError(
      'STORAGE_FULL',
      `The stored files would have more than ${this.limit / 1e6} MB, which is the limit (SALAMANDRA_TEMPORARY_MB). Delete files, or wait until some expire.`,
      { details: { max_bytes: this.limit } },
    );
  }

  release(client: string, bytes: number): void {
    const own = (this.clients.get(client) ?? 0) - bytes;
    if (own > 0) this.clients.set(client, own);
    else this.clients.delete(client);
    this.bytes -= bytes;
  }
}

function overQuota(code: 'RATE_LIMITED' | 'STORAGE_FULL', who: string, limit: number) {
  return new SalamandraError(
    code,
    `${who} ${limit / 1e6} MB of temporary files, which is the limit (SALAMANDRA_TEMPORARY_MB). Wait for their answers, send fewer at once, or send smaller files.`,
    { details: { max_bytes: limit } },
  );
}
