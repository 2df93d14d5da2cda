/** Whether a value that storage held is a list of languages' codes; whether they are known is another question. */
export function isCodeList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((code) => typeof code === 'string');
}
