export interface ReadEvent {
  readonly event: string;
  readonly data: unknown;
}

/** Reads server-sent events whose data is JSON; comments are passed over. */
export function readEvents(text: string): ReadEvent[] {
  return text
    .split('\n\n')
    .filter((block) => block !== '' && !block.startsWith(':'))
    .map((block) => {
      const [, event, data] = /^event: (\S+)\ndata: (.*)$/.exec(block) ?? [];
      if (event === undefined || data === undefined) throw new Error(`Not an event: ${block}`);
      return { event, data: JSON.parse(data) as unknown };
    });
}
