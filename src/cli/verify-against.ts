import { SalamandraError } from '../errors/salamandra-error.js';
import { loadTokenizer } from '../language/tokenizer.js';
import { encodePng } from '../media/encode-png.js';
import {
  type AgreementTotals,
  type PromptAgreement,
  type TokenAgreement,
  totalAgreement,
} from '../measure/against/agreement.js';
import {
  askServer,
  compareWithServer,
  type ServerComparison,
} from '../measure/against/compare-with-server.js';
import { connectToServer, type ServerAddress } from '../measure/against/server-client.js';
import { drawSampleImage } from '../measure/verify/sample-image.js';
import type { PackageToVerify } from '../measure/verify/verify-packages.js';
import { runInVerifyWorker } from '../workers/run-verify.js';
import type { CommandContext } from './command-context.js';
import { formatTable } from './formatting.js';
import type { Terminal } from './terminal.js';

export interface AgainstOptions {
  readonly address: ServerAddress;
  /** Share of equal top-1 tokens, 0 to 1. */
  readonly minAgreement: number;
  readonly format: 'json' | 'text';
  readonly threads: number;
}

/** One package and what the comparison found. */
interface ServerReport {
  readonly manifest: PackageToVerify['manifest'];
  readonly server: { readonly url: string; readonly model: string };
  readonly comparison: ServerComparison;
  readonly totals: AgreementTotals;
}

/**
 * Compares packages with a server that serves the same checkpoint, and prints the differences.
 *
 * @throws MODEL_INVALID after printing, if a package agrees with the server on too few tokens; the errors of the server
 *   and of the package.
 */
export async function verifyAgainst(
  packages: readonly PackageToVerify[],
  { address, minAgreement, format, threads }: AgainstOptions,
  { terminal, signal, workers }: CommandContext,
): Promise<void> {
  const server = await connectToServer(address, signal);
  const image = Buffer.from(await encodePng(drawSampleImage())).toString('base64');
  const [first] = packages;
  if (!first) return;
  // The packages of a model differ in precision only.
  const { vision } = first.manifest;
  const tokenizer = await loadTokenizer(first.directory, vision?.tokens ?? null);
  const asked = await askServer(
    server,
    { manifest: first.manifest, tokenizer },
    `data:image/png;base64,${image}`,
    (step) => terminal.progress(step),
  );
  const reports: ServerReport[] = [];
  for (const { directory: packageDirectory, manifest } of packages) {
    const comparison = await compareWithServer(asked, {
      ...{ manifest, tokenizer },
      score: (prompts) =>
        runInVerifyWorker(
          workers.verify,
          { type: 'score', task: { packageDirectory, threads, prompts } },
          { onProgress: (step) => terminal.progress(`${manifest.precision}: ${step}`), signal },
        ),
    });
    terminal.clearProgress();
    const report = {
      ...{ manifest, comparison, totals: totalAgreement(comparison.prompts) },
      server: { url: address.url, model: server.model },
    };
    if (format === 'json') terminal.result(JSON.stringify(reportJson(report)));
    else printReport(report, terminal);
    reports.push(report);
  }
  for (const report of reports) checkAgreement(report, minAgreement);
}

function checkAgreement({ manifest, totals }: ServerReport, minAgreement: number): void {
  const { positions, sameTop1 } = totals;
  if (positions === 0 || sameTop1 / positions >= minAgreement) return;
  throw new SalamandraError(
    'MODEL_INVALID',
    `The ${manifest.precision} package and the server agree on ${formatShare(sameTop1 / positions)} of the tokens; the limit is ${formatShare(minAgreement)}. Check that the server serves the same checkpoint with the same chat template, without sampling and penalties.`,
  );
}

/** The comparison in one sentence. */
function summarizeAgreement({
  manifest: { precision },
  comparison: { prompts },
  totals,
}: Pick<ServerReport, 'comparison' | 'totals'> & {
  readonly manifest: Pick<ServerReport['manifest'], 'precision'>;
}): string {
  const { sameAnswers, positions, sameTop1, logprobDifference } = totals;
  const answers = `${precision}: same answer as the server for ${sameAnswers} of ${prompts.length} prompts`;
  if (logprobDifference === null) return `${answers} (texts only)`;
  const { mean, max } = logprobDifference;
  return (
    `${answers}, same top-1 token for ${sameTop1} of ${positions} tokens ` +
    `(${formatShare(sameTop1 / positions)}), log-probability difference ` +
    `${formatNats(mean)} nats on average, ${formatNats(max)} at most`
  );
}

function printReport(report: ServerReport, terminal: Terminal): void {
  const { manifest, server, comparison } = report;
  terminal.result(`${manifest.id} against ${server.model} at ${server.url}`);
  terminal.result(summarizeAgreement(report));
  terminal.result('');
  const columns = comparison.basis === 'texts' ? TEXT_COLUMNS : [...TEXT_COLUMNS, ...TOKEN_COLUMNS];
  const rows = [
    columns.map(([title]) => title),
    ...comparison.prompts.map((prompt) => columns.map(([, cell]) => cell(prompt))),
  ];
  const rightAligned = columns.map((_, index) => index).slice(1);
  for (const line of formatTable(rows, { rightAligned })) terminal.result(line);
  const notes = listNotes(report);
  if (notes.length > 0) terminal.result('');
  for (const note of notes) terminal.result(note);
}

type Column = readonly [title: string, cell: (prompt: PromptAgreement) => string];

const TEXT_COLUMNS: readonly Column[] = [
  ['Prompt', ({ language, hasImage }) => (hasImage ? `${language}, image` : language)],
  [
    'Prompt tokens',
    ({ promptTokens: { own, server } }) =>
      server === null || server === own ? `${own}` : `${own}, server ${server}`,
  ],
  ['Same answer', ({ isSameAnswer }) => (isSameAnswer ? 'yes' : 'no')],
];

const TOKEN_COLUMNS: readonly Column[] = [
  ['Same top-1', ofTokens(({ sameTop1, positions }) => `${sameTop1} of ${positions}`)],
  ['Matching', ofTokens(({ matching }) => `${matching}`)],
  ['Mean, nats', ofTokens(({ differences }) => formatNats(mean(differences)))],
  ['Max, nats', ofTokens(({ differences }) => formatNats(Math.max(0, ...differences)))],
];

function ofTokens(format: (tokens: TokenAgreement) => string): Column[1] {
  return ({ tokens }) => (tokens ? format(tokens) : '-');
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
}

/** What a reader must know to judge the figures. */
function listNotes({ comparison: { basis, prompts }, totals }: ServerReport): string[] {
  const notes: string[] = [];
  if (basis === 'texts') {
    notes.push(
      'The server sends no log-probabilities, so only the texts of the greedy answers are compared.',
    );
  }
  if (totals.differentPrompts > 0) {
    notes.push(
      `The server counts other prompt tokens for ${totals.differentPrompts} of ${prompts.length} prompts: it uses another chat template, or cuts the image into other tiles.`,
    );
  }
  if (totals.notGreedy > 0) {
    notes.push(
      `The server did not choose its most likely token at ${totals.notGreedy} positions: it samples or applies penalties.`,
    );
  }
  if (totals.unknown > 0) {
    notes.push(
      `${totals.unknown} tokens of the server are not compared, because the package's vocabulary lacks one or the server does not name it exactly.`,
    );
  }
  return notes;
}

function reportJson(report: ServerReport): object {
  const { manifest, server, comparison, totals } = report;
  const { positions, sameTop1 } = totals;
  return {
    summary: summarizeAgreement(report),
    ...{ id: manifest.id, precision: manifest.precision, source: manifest.source },
    ...{ server, compared: comparison.basis, same_answers: totals.sameAnswers, positions },
    top1_agreement: positions === 0 ? null : sameTop1 / positions,
    logprob_difference: totals.logprobDifference,
    different_prompt_tokens: totals.differentPrompts,
    ...{ not_greedy: totals.notGreedy, not_compared: totals.unknown },
    prompts: comparison.prompts.map((prompt) => ({
      ...{ language: prompt.language, has_image: prompt.hasImage },
      prompt_tokens: prompt.promptTokens,
      same_answer: prompt.isSameAnswer,
      ...(prompt.tokens && {
        ...{ tokens: prompt.tokens.positions, same_top1: prompt.tokens.sameTop1 },
        ...{ matching_tokens: prompt.tokens.matching },
        logprob_differences: prompt.tokens.differences,
      }),
    })),
  };
}

function formatShare(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Two significant digits. */
function formatNats(value: number): string {
  if (value === 0) return '0';
  return value < 0.001 ? value.toExponential(1) : value.toPrecision(2);
}
