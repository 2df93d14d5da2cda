export interface ReadEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Parses server-sent events with JSON data. Skips comments. */
export function readEvents(text: string): ReadEvent[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '' && !block.startsWith(':'))
    .map((block) => {
      const [, event, data] = /^event: (\S+)\ndata: (.*)$/.exec(block) ?? [];
      if (event === undefined || data === undefined)
        throw new Error(`Invalid server-sent event: ${block}`);
      return { event, data: JSON.parse(data) as unknown };
    });
}
