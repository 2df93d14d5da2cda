import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../../src/errors/salamandra-error.js';
import { openChatModel } from '../../tiny-model/converted-model.js';
import { brokenConversationBounds, MAX_TINY_DIFFERENCE } from '../bounds.js';
import { compareConversation, type ConversationReport } from '../compare-conversation.js';
import type { MatrixReferences, MatrixVariant } from './matrix-references.js';
import { writeVariant } from './write-variant.js';

/** What the product does with a checkpoint. */
export type VariantReport =
  | { readonly kind: 'compared'; readonly conversations: readonly ConversationReport[] }
  /** The converter's message. */
  | { readonly kind: 'refused'; readonly message: string }
  /** An error besides a refusal, at conversion or in an answer. */
  | { readonly kind: 'failed'; readonly message: string };

/**
 * Writes the checkpoint of a row, converts it to float32 with the product's converter and answers every conversation
 * with the product's pipeline.
 *
 * @param folder for the checkpoint and its package.
 */
export async function compareVariant(
  references: MatrixReferences,
  variant: MatrixVariant,
  folder: string,
): Promise<VariantReport> {
  const checkpoint = join(folder, 'checkpoint');
  await writeVariant(variant, checkpoint);
  try {
    const model = await openChatModel(checkpoint, join(folder, 'package'), 'fp32');
    try {
      const conversations: ConversationReport[] = [];
      for (const one of variant.conversations) {
        conversations.push(await compareConversation(model, references, one));
      }
      return { kind: 'compared', conversations };
    } finally {
      await model.close();
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const isRefusal = error instanceof SalamandraError && error.code === 'MODEL_INVALID';
    return { kind: isRefusal ? 'refused' : 'failed', message };
  } finally {
    await rm(checkpoint, { recursive: true });
  }
}

/** What is wrong with a row: broken bounds by conversation, or an unexpected refusal. Empty if nothing is. */
export function problemsOf({ refused }: MatrixVariant, report: VariantReport): string[] {
  if (report.kind === 'compared') {
    if (refused !== null) return [`converted, and should have been refused: ${refused}`];
    return report.conversations.flatMap((one) =>
      brokenConversationBounds(one, MAX_TINY_DIFFERENCE).map(
        (bound) => `${one.one.name}: ${bound}`,
      ),
    );
  }
  const isExpected = report.kind === 'refused' && refused !== null;
  return isExpected && report.message.includes(refused)
    ? []
    : [`${report.kind}: ${report.message}`];
}
