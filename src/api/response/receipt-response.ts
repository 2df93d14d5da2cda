/** OpenAPI schema of a receipt, whose fields `Receipt` describes. */
export const RECEIPT_SCHEMA = {
  type: 'object',
  additionalProperties: true,
  description:
    'Only with "receipts": true. How the text came about: hashes of package, prompt, media and text, settings, versions, machine, scores, and a signature.',
} as const;
