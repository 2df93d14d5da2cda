interface Entry<T> {
  readonly value: T;
  readonly bytes: number;
}

/** Values of so many bytes together at most. Where one more does not fit, those used longest ago go. */
export class LruCache<T> {
  /** The one used longest ago first. */
  readonly #entries = new Map<string, Entry<T>>();
  #bytes = 0;

  constructor(readonly maxBytes: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  names(): string[] {
    return [...this.#entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** Looking at a value is using it. */
  get(name: string): T | undefined {
    const entry = this.#entries.get(name);
    if (!entry) return undefined;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return entry.value;
  }

  /** Takes the place of what had the name. A value that is larger than everything together may be is not kept. */
  set(name: string, value: T, bytes: number): void {
    this.delete(name);
    if (bytes > this.maxBytes) return;
    for (const oldest of this.names()) {
      if (this.#bytes + bytes <= this.maxBytes) break;
      this.delete(oldest);
    }
    this.#entries.set(name, { value, bytes });
    this.#bytes += bytes;
  }

  /** Makes it the first to go. */
  demote(name: string): void {
    const entry = this.#entries.get(name);
    if (!entry) return;
    this.#entries.delete(name);
    const others = [...this.#entries];
    this.#entries.clear();
    for (const [key, value] of [[name, entry] as const, ...others]) this.#entries.set(key, value);
  }

  delete(name: string): void {
    this.#bytes -= this.#entries.get(name)?.bytes ?? 0;
    this.#entries.delete(name);
  }
}
