const two = (value: number): string => String(value).padStart(2, '0');
const name = (date: Date, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat('en-US', options).format(date);
const dayOfYear = (date: Date): number =>
  Math.round(
    (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) -
      Date.UTC(date.getFullYear(), 0, 0)) /
      86_400_000,
  );

/** The directives of Python's `strftime` in the C locale, in local time. */
const DIRECTIVES: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  y: (date) => two(date.getFullYear() % 100),
  m: (date) => two(date.getMonth() + 1),
  B: (date) => name(date, { month: 'long' }),
  b: (date) => name(date, { month: 'short' }),
  h: (date) => name(date, { month: 'short' }),
  d: (date) => two(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2, ' '),
  j: (date) => String(dayOfYear(date)).padStart(3, '0'),
  A: (date) => name(date, { weekday: 'long' }),
  a: (date) => name(date, { weekday: 'short' }),
  w: (date) => String(date.getDay()),
  u: (date) => String(date.getDay() || 7),
  H: (date) => two(date.getHours()),
  I: (date) => two(date.getHours() % 12 || 12),
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  M: (date) => two(date.getMinutes()),
  S: (date) => two(date.getSeconds()),
  f: (date) => String(date.getMilliseconds()).padStart(3, '0') + '000',
  F: (date) => strftime(date, '%Y-%m-%d'),
  D: (date) => strftime(date, '%m/%d/%y'),
  T: (date) => strftime(date, '%H:%M:%S'),
  R: (date) => strftime(date, '%H:%M'),
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
};

/** Formats a date as Python's `datetime.strftime`; `%-d` has no leading zero. Unknown directives stay as they are. */
export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)([a-zA-Z%])/g, (whole, dash: string, directive: string) => {
    const printed = DIRECTIVES[directive]?.(date);
    if (printed === undefined) return whole;
    return dash === '' ? printed : printed.replace(/^[0 ]+(?=.)/, '');
  });
}
