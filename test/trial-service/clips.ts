import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { startService } from '../e2e/service.js';
import { createTemporaryFolder } from '../setup/temporary-folder.js';
import { encode, encodesH264, ffmpeg } from './encode.js';
import { count, formatCounts, formatMs, quantile, type Report } from './report.js';
import { type Answer, codeOf, form, send, unseen } from './send.js';
import { countDescriptors, findDescendants } from './watch-process.js';

const SMALL = { num_frames: '4', max_tokens: '8' };

/** Ten clips that are expensive to decode, of one client, beside ordinary ones of another. */
export async function runClips(report: Report, isShort: boolean): Promise<void> {
  if (!ffmpeg || !encodesH264()) {
    report.skip('expensive clips', 'ffmpeg or its encoder libx264 is missing');
    return;
  }
  const folder = createTemporaryFolder();
  const service = await startService();
  try {
    const expensive = encodeExpensive((name) => folder.path(name), isShort);
    await service.waitUntilReady();
    const ordinary = readFileSync('samples/rabbit-enters.webm');
    const ask = (from: string, clip: Uint8Array, fields: Readonly<Record<string, string>>) =>
      send(service.url, { path: '/v1/captions', from, ...form(unseen(clip), fields) });
    await ask('127.0.0.3', ordinary, SMALL);
    const alone = await repeat(isShort ? 3 : 10, () => ask('127.0.0.3', ordinary, SMALL));

    const greedy = Array.from({ length: 10 }, (_, index) => {
      const { file, fields } = expensive[index % expensive.length]!;
      return ask('127.0.0.2', file, fields);
    });
    await sleep(1_500);
    const beside = await repeat(isShort ? 3 : 20, () => ask('127.0.0.3', ordinary, SMALL));
    report.check(
      'ordinary clips beside ten expensive ones',
      'all 200',
      countStatuses(beside),
      beside.every(({ status }) => status === 200),
    );
    const [lone, together] = [alone, beside].map((answers) =>
      quantile(
        answers.map(({ ms }) => ms),
        0.5,
      ),
    );
    report.figure(
      'latency of ordinary clips',
      `median ${formatMs(lone ?? NaN)} alone, ${formatMs(together ?? NaN)} beside (${((together ?? NaN) / (lone ?? NaN)).toFixed(1)} times)`,
      '3 times',
    );
    if (isShort) return;
    const ended = await Promise.all(greedy);
    report.check(
      'expensive clips',
      '200, or 422 with a reason',
      countStatuses(ended),
      ended.every((each) => each.status === 200 || codeOf(each) === 'MEDIA_TOO_EXPENSIVE'),
    );
    await checkDescriptors(report, service.process.pid ?? 0, () =>
      ask('127.0.0.3', ordinary, SMALL),
    );
  } finally {
    service.process.kill('SIGKILL');
    folder.remove();
  }
}

const CLIPS = 5_000;

async function checkDescriptors(
  report: Report,
  pid: number,
  ask: () => Promise<Answer>,
): Promise<void> {
  // The most of one process: a further one may start in the meantime.
  const descriptors = () =>
    Math.max(...findDescendants(pid, 'media.worker').map((each) => countDescriptors(each)));
  const before = descriptors();
  const answers = await repeat(CLIPS, ask);
  const after = descriptors();
  report.check(
    `descriptors of a media process over ${CLIPS} clips`,
    'at most 10 more',
    `${before} and ${after}; ${countStatuses(answers)}`,
    !(after > before + 10),
  );
}

/** A clip with one key frame at 1,000 frames per second, and an 8K clip: both are small files. */
function encodeExpensive(pathOf: (name: string) => string, isShort: boolean) {
  const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '45'];
  const seconds = isShort ? 8 : 60;
  const oneKey = ['-g', '999999', '-keyint_min', '999999', '-sc_threshold', '0'];
  const keyless = encode(pathOf('keyless.mkv'), `color=gray:s=256x144:r=1000:d=${seconds}`, [
    ...h264,
    ...oneKey,
  ]);
  const many = { num_frames: '64', max_tokens: '8' };
  const clips = [
    { file: keyless, fields: many },
    { file: keyless, fields: { ...many, sampling: 'scene' } },
  ];
  if (isShort) return clips;
  const large = encode(pathOf('8k.mp4'), 'color=gray:s=7680x4320:r=30:d=2', h264);
  return [...clips, { file: large, fields: { num_frames: '8', max_tokens: '8' } }];
}

async function repeat(times: number, ask: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let index = 0; index < times; index += 1) answers.push(await ask());
  return answers;
}

function countStatuses(answers: readonly Answer[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) count(counts, `${answer.status} ${codeOf(answer) ?? ''}`.trim());
  return formatCounts(counts);
}
