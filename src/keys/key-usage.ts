import {
  appendFileSync,
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';

import { SalamandraError } from '../errors/salamandra-error.js';
import { storageError } from '../errors/storage-error.js';
import { keyFolder } from './key-file.js';
import type { KeyRecord } from './key-records.js';

/** The use of one key on one day. */
export interface KeyUsage {
  readonly requests: number;
  readonly pictures: number;
  readonly tokens: number;
}

type Charge = Partial<KeyUsage>;

interface Tally {
  requests: number;
  pictures: number;
  tokens: number;
  /** Milliseconds of the requests of the last minute, oldest first. */
  starts: number[];
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const USAGE_FILE = /^usage-\d{4}-\d{2}-\d{2}\.jsonl$/;

/**
 * The use of every key today, in a file of one line per charge. Lines are appended before the work begins, and read
 * back, also those of other processes with the same home folder. Quotas therefore hold after a kill at any moment.
 */
export class KeyUsageLog {
  private day = '';
  private offset = 0;
  private rest = '';
  private readonly tallies = new Map<string, Tally>();

  constructor(
    private readonly home: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** The use of a key today. @throws STORAGE_UNAVAILABLE */
  usageOf(name: string): KeyUsage {
    this.catchUp();
    const { requests, pictures, tokens } = this.tallyOf(name);
    return { requests, pictures, tokens };
  }

  /** Counts a request. @throws RATE_LIMITED beyond the requests of a minute; STORAGE_FULL, STORAGE_UNAVAILABLE */
  startRequest({ name, limits }: KeyRecord): void {
    this.catchUp();
    const { starts } = this.tallyOf(name);
    const nowMs = this.now();
    while (starts[0] !== undefined && starts[0] <= nowMs - MINUTE_MS) starts.shift();
    const limit = limits.requestsPerMinute;
    if (limit !== null && starts.length >= limit) {
      const freeMs = (starts[starts.length - limit] ?? nowMs) + MINUTE_MS;
      throw overLimit(limit, 'requests per minute', freeMs - nowMs);
    }
    this.charge(name, { requests: 1 });
  }

  /**
   * Counts pictures before they are decoded. Tokens are known afterwards only, so a key may exceed its tokens by those
   * of its running requests.
   *
   * @throws RATE_LIMITED beyond the pictures or tokens of the day; STORAGE_FULL, STORAGE_UNAVAILABLE
   */
  reserve({ name, limits }: KeyRecord, pictures: number): void {
    this.catchUp();
    const tally = this.tallyOf(name);
    const untilMidnightMs = DAY_MS - (this.now() % DAY_MS);
    const { picturesPerDay, tokensPerDay } = limits;
    if (picturesPerDay !== null && pictures > 0 && tally.pictures + pictures > picturesPerDay) {
      throw overLimit(picturesPerDay, 'pictures per day', untilMidnightMs);
    }
    if (tokensPerDay !== null && tally.tokens >= tokensPerDay) {
      throw overLimit(tokensPerDay, 'tokens per day', untilMidnightMs);
    }
    if (pictures > 0) this.charge(name, { pictures });
  }

  /** Appends a charge. @throws STORAGE_FULL, STORAGE_UNAVAILABLE */
  charge(name: string, charge: Charge): void {
    const line = JSON.stringify({ ms: this.now(), name, ...charge });
    try {
      // The line break before it separates it from a line that a crash cut off.
      appendFileSync(this.path(this.today()), `\n${line}\n`, { mode: 0o600 });
    } catch (error) {
      throw storageError(error, 'key folder');
    }
    this.catchUp();
  }

  /** Reads the lines that were appended since the last call. */
  private catchUp(): void {
    const today = this.today();
    if (today !== this.day) this.startDay(today);
    let handle: number;
    try {
      handle = openSync(this.path(today), 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw storageError(error, 'key folder');
    }
    try {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(handle).size - this.offset));
      const count = readSync(handle, bytes, 0, bytes.length, this.offset);
      this.offset += count;
      const lines = (this.rest + bytes.toString('utf8', 0, count)).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) this.add(line);
    } catch (error) {
      throw storageError(error, 'key folder');
    } finally {
      closeSync(handle);
    }
  }

  private startDay(today: string): void {
    this.day = today;
    this.offset = 0;
    this.rest = '';
    for (const [name, { starts }] of this.tallies) {
      // The minute before midnight still counts after it.
      this.tallies.set(name, { requests: 0, pictures: 0, tokens: 0, starts });
    }
    for (const file of this.listFiles()) {
      if (USAGE_FILE.test(file) && file < `usage-${today}`) {
        rmSync(join(keyFolder(this.home), file), { force: true });
      }
    }
  }

  private listFiles(): string[] {
    try {
      return readdirSync(keyFolder(this.home));
    } catch {
      // No key was created yet.
      return [];
    }
  }

  private add(line: string): void {
    if (line === '') return;
    const charge = parseCharge(line);
    if (!charge) return;
    const tally = this.tallyOf(charge.name);
    tally.requests += charge.requests ?? 0;
    tally.pictures += charge.pictures ?? 0;
    tally.tokens += charge.tokens ?? 0;
    if (charge.requests !== undefined) tally.starts.push(charge.ms);
  }

  private tallyOf(name: string): Tally {
    const tally = this.tallies.get(name) ?? { requests: 0, pictures: 0, tokens: 0, starts: [] };
    this.tallies.set(name, tally);
    return tally;
  }

  private today(): string {
    return new Date(this.now()).toISOString().slice(0, 10);
  }

  private path(day: string): string {
    return join(keyFolder(this.home), `usage-${day}.jsonl`);
  }
}

/** Undefined for a line that a crash cut off. */
function parseCharge(line: string): (Charge & { ms: number; name: string }) | undefined {
  try {
    return JSON.parse(line) as Charge & { ms: number; name: string };
  } catch {
    return undefined;
  }
}

function overLimit(limit: number, unit: string, waitMs: number): SalamandraError {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000));
  return new SalamandraError(
    'RATE_LIMITED',
    `This key may use ${limit} ${unit}, and has used them. Retry in ${seconds} s, or ask the operator for a higher limit.`,
    { details: { limit, retry_after_seconds: seconds } },
  );
}
