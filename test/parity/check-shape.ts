import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Precision } from '../../src/models/package/manifest.js';
import { openNetwork } from '../tiny-model/converted-model.js';
import {
  type Answers,
  answerShape,
  measureAnswers,
  measureHead,
  measureReferences,
} from './compare-shape.js';
import { isFloatKept, isImportKept, isQuantisedKept } from './shape-bounds.js';
import { writeShapeCheckpoint } from './shape-checkpoint.js';
import {
  type ImportedCase,
  type ShapeCase,
  type ShapePrompt,
  type ShapeReferences,
  SHAPES_GOLDEN,
} from './shape-references.js';
import { printFloatRow, printQuantisedRow } from './shape-row.js';

/**
 * Converts a synthetic checkpoint to float32 and to every precision with a reference, and prints the differences.
 *
 * @param folder for the checkpoint and one package at a time.
 * @returns the precisions that break a bound.
 */
export async function checkShape(
  one: ShapeCase,
  references: ShapeReferences,
  folder: string,
): Promise<string[]> {
  const checkpoint = join(folder, one.name);
  await writeShapeCheckpoint(one, checkpoint);
  const broken: string[] = [];
  const float = measureAnswers(await answersOf(checkpoint, folder, 'fp32', one), one, references);
  printFloatRow(`${one.name} fp32`, float);
  if (!isFloatKept(float)) broken.push('fp32');

  for (const precision of Object.keys(one.quantised) as Precision[]) {
    const expected = one.quantised[precision]!;
    const answers = await answersOf(checkpoint, folder, precision, one);
    const report = {
      own: measureAnswers(answers, one, references),
      head: measureHead(answers),
      independent: measureReferences(expected, one, references),
      between: measureAnswers(answers, expected, references),
    };
    printQuantisedRow(`${one.name} ${precision}`, report);
    if (!isQuantisedKept(report)) broken.push(precision);
  }
  await rm(checkpoint, { recursive: true });
  return broken;
}

/**
 * Converts a quantized checkpoint to float32 and int4, and prints the differences from transformers, which computes
 * with its dequantized weights.
 *
 * @returns the precisions that break a bound.
 */
export async function checkImported(
  one: ImportedCase,
  references: ShapeReferences,
  folder: string,
): Promise<string[]> {
  const broken: string[] = [];
  for (const precision of ['fp32', 'int4'] as const) {
    const answers = await answersOf(join(SHAPES_GOLDEN, one.name), folder, precision, one);
    const distance = measureAnswers(answers, { features: null, ...one }, references);
    printFloatRow(`${one.name} ${precision}`, distance);
    if (!isImportKept(one.name, precision, distance)) broken.push(precision);
  }
  return broken;
}

async function answersOf(
  checkpoint: string,
  folder: string,
  precision: Precision,
  one: ShapePrompt,
): Promise<Answers> {
  const output = join(folder, `${one.name}-${precision}`);
  const model = await openNetwork(checkpoint, output, precision);
  try {
    return await answerShape(model, one);
  } finally {
    await model.close();
  }
}
