import type { FileRow } from '../../../jobs/database/tables.js';

/** OpenAI's file object. Times are Unix seconds. */
export function fileJson({ id, filename, purpose, bytes, created_at, expires_at }: FileRow) {
  return {
    id,
    object: 'file',
    bytes,
    created_at: Math.floor(created_at / 1_000),
    ...(expires_at > 0 && { expires_at: Math.floor(expires_at / 1_000) }),
    filename,
    purpose,
    // Deprecated, and always present.
    status: 'processed',
  };
}

/** OpenAI's page of a list. */
export function pageJson(data: readonly { readonly id: string }[], limit: number): object {
  const page = data.slice(0, limit);
  return {
    object: 'list',
    data: page,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
    has_more: data.length > limit,
  };
}
