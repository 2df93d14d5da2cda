/** A list in any shape a form has it, `ca,es` or the field repeated. What holds no text stays as it is. */
export function splitList({ value }: { readonly value: unknown }): unknown {
  const parts: unknown[] = Array.isArray(value) ? value : [value];
  if (value === undefined || !parts.every((part) => typeof part === 'string')) return value;
  return parts.flatMap((part) => part.split(',')).map((item) => item.trim());
}
