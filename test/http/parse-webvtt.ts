export interface ParsedCue {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** The displayed text, unescaped. */
  readonly text: string;
}

export interface ParsedTrack {
  readonly header: Readonly<Record<string, string>>;
  readonly cues: readonly ParsedCue[];
}

const TIME = String.raw`(\d{2,}):([0-5]\d):([0-5]\d\.\d{3})`;
const TIMES = new RegExp(`^${TIME} --> ${TIME}$`);

const CHARACTERS: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };

/**
 * Parses a WebVTT file strictly, by the rules for writers (https://www.w3.org/TR/webvtt1/, section 4).
 *
 * @throws Error for a wrong signature, blocks other than notes and cues, unsorted times, markup and unescaped `&`, `<`
 *   or `-->` in texts
 */
export function parseWebVtt(file: string): ParsedTrack {
  if (/[\0\r]/.test(file) || !file.endsWith('\n'))
    throw new Error('WebVTT: NUL or CR in the file, or no newline at its end.');
  const [head = '', ...blocks] = file.slice(0, -1).split('\n\n');
  const [signature, ...fields] = head.split('\n');
  if (signature !== 'WEBVTT') throw new Error('WebVTT: the first line is not WEBVTT.');
  const header = Object.fromEntries(
    fields.map((field) => {
      const [, name, value] = /^(\w+): (\S+)$/.exec(field) ?? [];
      if (name === undefined || value === undefined)
        throw new Error(`WebVTT: invalid header: ${field}`);
      return [name, value];
    }),
  );
  const cues: ParsedCue[] = [];
  for (const block of blocks) {
    if (/^NOTE[ \n]/.test(block) && !block.includes('-->')) continue;
    const cue = parseCue(block);
    if (cue.startSeconds < (cues.at(-1)?.startSeconds ?? 0))
      throw new Error(`WebVTT: cue starts before the previous one: ${block}`);
    cues.push(cue);
  }
  return { header, cues };
}

function parseCue(block: string): ParsedCue {
  const [times = '', ...lines] = block.split('\n');
  const parts = TIMES.exec(times)?.slice(1).map(Number);
  if (!parts || lines.length === 0 || lines.includes(''))
    throw new Error(`WebVTT: invalid cue: ${block}`);
  const [h = 0, m = 0, s = 0, h2 = 0, m2 = 0, s2 = 0] = parts;
  const [startSeconds, endSeconds] = [h * 3600 + m * 60 + s, h2 * 3600 + m2 * 60 + s2];
  if (endSeconds <= startSeconds) throw new Error(`WebVTT: cue ends before it starts: ${times}`);
  const text = lines.join('\n').replace(/&(?:amp|lt|gt);/g, (name) => CHARACTERS[name] ?? '');
  if (/[<>]|&(?!(?:amp|lt|gt);)/.test(lines.join('\n')))
    throw new Error(`WebVTT: markup in a cue: ${block}`);
  return { startSeconds, endSeconds, text };
}
