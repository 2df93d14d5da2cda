/** Text that both databases store: PostgreSQL takes neither U+0000 nor halves of surrogate pairs. */
export function storableText(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, '\ufffd');
}
