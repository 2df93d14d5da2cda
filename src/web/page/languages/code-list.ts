/** Whether a stored value is a list of language codes. The codes may be unknown to the current model. */
export function isCodeList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((code) => typeof code === 'string');
}

/** Appends a code to a list, or removes it if the list contains it. */
export function toggleCode(list: readonly string[], code: string): readonly string[] {
  return list.includes(code) ? list.filter((other) => other !== code) : [...list, code];
}
