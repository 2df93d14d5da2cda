import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SalamandraError } from '../../src/errors/salamandra-error.js';
import { decodeImage, type DecodedImageFile } from '../../src/media/decode-image.js';
import { matchImageFormat } from '../../src/media/image-formats.js';
import { MEDIA_HEAD_BYTES } from '../../src/media/video-formats.js';
import { meanError } from './compare-pixels.js';
import { findPython } from './matrix/find-python.js';
import type { MediaTrial } from './media-trial.js';
import { listRealFiles, type RealFile } from './real-files.js';
import { REAL_DIFFERENCES } from './real-differences.js';
import { formatTable, updateTable } from './update-table.js';

const MAX_FILES = 1_500;
const LEVELS = 3;

/** Files of the test suites of other projects, which are downloaded and never committed. */
export async function runReal(trial: MediaTrial): Promise<void> {
  const { report, folder, isShort } = trial;
  const python = isShort ? undefined : findPython();
  if (python === undefined) {
    report.note('skipped: real files, which need Python with pillow, and the network');
    return;
  }
  const files = listRealFiles(python, MAX_FILES);
  const references = await decodeReferences(python, folder, files);
  const results: Result[] = [];
  for (const [index, file] of files.entries()) {
    results.push(await judge(file, references[index]));
  }
  for (const { file, problem, reason } of results) {
    if (problem !== null) report.note(`${file.name}: ${problem}${reason ? ` (${reason})` : ''}`);
  }
  const compared = results.filter(({ outcome }) => outcome === 'same' || outcome === 'differs');
  const unexplained = results.filter(({ problem, reason }) => problem !== null && !reason);
  report.check({
    what: `real: ${files.length} files; ${compared.length} decoded here and by Pillow`,
    bound: 'mean error 3 levels, or listed with a reason; media codes only',
    measured: `${compared.length - unexplained.length} held, ${unexplained.length} unexplained`,
    holds: unexplained.length === 0,
  });
  const table = formatTable(
    ['Format', 'Files', 'As Pillow', 'Other, with a reason', 'Only here', 'Refused'],
    summarize(results),
  );
  for (const line of table.split('\n')) report.note(line);
  if (trial.updatesDocs) updateTable('real', table);
}

interface Result {
  readonly file: RealFile;
  readonly format: string;
  /** `alone`: Pillow does not read the file. */
  readonly outcome: 'same' | 'differs' | 'alone' | 'refused' | 'fault';
  readonly code: string | null;
  readonly problem: string | null;
  /** Why a difference is right. */
  readonly reason: string | undefined;
}

interface Reference {
  readonly width: number;
  readonly height: number;
  readonly path: string;
}

async function judge(file: RealFile, reference: Reference | undefined): Promise<Result> {
  const head = readFileSync(file.path).subarray(0, MEDIA_HEAD_BYTES);
  const format = matchImageFormat(head) ?? 'other';
  const reason = REAL_DIFFERENCES.find(({ matches }) => matches.test(file.name))?.reason;
  const base = { file, format, code: null, problem: null, reason };
  const decoded = await decodeImage({ path: file.path }).catch((error: unknown) => error);
  if (decoded instanceof SalamandraError && decoded.code !== 'INTERNAL') {
    return { ...base, outcome: 'refused', code: decoded.code };
  }
  if (decoded instanceof Error) return { ...base, outcome: 'fault', problem: String(decoded) };
  if (reference === undefined || format === 'pdf') return { ...base, outcome: 'alone' };
  const image = decoded as DecodedImageFile;
  const error = meanError(image, { ...reference, data: readFileSync(reference.path) });
  if (error <= LEVELS) return { ...base, outcome: 'same' };
  const problem = `${format}: mean error ${error.toFixed(1)}, ${image.width} x ${image.height} for ${reference.width} x ${reference.height}`;
  return { ...base, outcome: 'differs', problem };
}

async function decodeReferences(
  python: string,
  folder: string,
  files: readonly RealFile[],
): Promise<readonly (Reference | undefined)[]> {
  const list = join(folder, 'list.txt');
  await writeFile(list, files.map(({ path }) => path).join('\n'));
  const script = join(import.meta.dirname, 'decode_with_pillow.py');
  const { status, stderr } = spawnSync(python, [script, list, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`decode_with_pillow.py: ${stderr}`);
  const sizes = JSON.parse(readFileSync(join(folder, 'decoded.json'), 'utf8')) as ({
    width: number;
    height: number;
  } | null)[];
  return sizes.map((size, line) =>
    size ? { ...size, path: join(folder, `${line}.rgb`) } : undefined,
  );
}

/** A row for each format. */
function summarize(results: readonly Result[]): string[][] {
  const formats = [...new Set(results.map(({ format }) => format))].toSorted();
  return formats.map((format) => {
    const ofFormat = results.filter((result) => result.format === format);
    const count = (outcome: Result['outcome']) =>
      String(ofFormat.filter((result) => result.outcome === outcome).length);
    const codes = new Map<string, number>();
    for (const { code } of ofFormat) if (code !== null) codes.set(code, (codes.get(code) ?? 0) + 1);
    return [
      format,
      String(ofFormat.length),
      ...[count('same'), count('differs'), count('alone')],
      [...codes].map(([code, times]) => `${times} \`${code}\``).join(', '),
    ];
  });
}
