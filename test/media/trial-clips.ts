import { judgeClip, type ClipVerdict } from './judge-clip.js';
import { makeClips } from './matrix/make-clips.js';
import type { MediaTrial } from './media-trial.js';
import { formatTable, updateTable } from './update-table.js';

/** Every container with every codec that the ffmpeg at hand writes: the right frames, or the right refusal. */
export async function runClips({
  report,
  folder,
  isShort,
  updatesDocs,
}: MediaTrial): Promise<void> {
  const { cases, skipped } = makeClips(folder, isShort);
  for (const { format, feature, reason } of skipped) {
    report.note(`skipped: ${format}, ${feature}: ${reason}`);
  }
  const verdicts: ClipVerdict[] = [];
  for (const tried of cases) verdicts.push(await judgeClip(folder, tried));
  const wrong = verdicts.filter(({ problem }) => problem !== null);
  for (const { tried, problem } of wrong) {
    report.note(`${tried.container}, ${tried.codec} (${tried.file}): ${problem}`);
  }
  report.check({
    what: 'clips: the frames on show within 3 levels, or the expected refusal',
    bound: 'all files',
    measured: `${verdicts.length - wrong.length} of ${verdicts.length}`,
    holds: wrong.length === 0,
  });
  const containers = [...new Set(verdicts.map(({ tried }) => tried.container))];
  const rows = containers.map((container) => {
    const ofContainer = verdicts.filter(({ tried }) => tried.container === container);
    const errors = ofContainer.flatMap((verdict) => (verdict.isRefused ? [] : verdict.worstError));
    return [
      container === 'refused' ? 'Refused (`UNSUPPORTED_CODEC`)' : container,
      ofContainer.map(({ tried }) => tried.codec).join('; '),
      errors.length === 0 ? '' : Math.max(...errors).toFixed(1),
    ];
  });
  const table = formatTable(['Container', 'Codecs', 'Worst mean error in levels'], rows);
  for (const line of table.split('\n')) report.note(line);
  if (updatesDocs) updateTable('clips', table);
}
