/**
 * `npm run demo`: installs and builds if necessary, starts the service, sends it the sample images and videos over
 * HTTP and compares the texts with what the samples show. Needs Node and npm. Videos also need ffmpeg, and are skipped
 * without it.
 *
 * Exits with 0 if every request succeeded and enough texts were correct (see MIN_CORRECT), otherwise with 1.
 */
import { setUp } from '../test/setup/setup.mjs';
import { runJob } from './demo-job.mjs';
import { postForm, startService, stopService, waitUntilReady } from './demo-service.mjs';
import {
  VIDEOS,
  OBJECTS,
  IMAGES,
  describeShot,
  joinNames,
  questionText,
  rightAnswer,
} from './demo-truth.mjs';

const { performance } = globalThis;

/**
 * Required shares of exactly correct texts: the shares that the bundled model reaches on these samples, minus a margin
 * for the rounding of other processors. A lower share means that something is broken.
 */
const MIN_CORRECT = { captions: 0.95, answers: 0.9, videos: 0.9 };

/** Labels in the summary. */
const LABELS = { captions: 'captions', answers: 'answers', videos: 'video captions' };

/** Six languages for each image; together all 35, in the Latin, Greek and Cyrillic scripts. */
const IMAGE_LANGUAGES = [
  ['en', 'ca', 'es', 'eu', 'el', 'uk'],
  ['en', 'gl', 'oc', 'fr', 'bg', 'de'],
  ['en', 'pt', 'it', 'ro', 'ru', 'mt'],
  ['en', 'ga', 'cy', 'nl', 'sr', 'pl'],
  ['en', 'cs', 'sk', 'hu', 'el', 'fi'],
  ['en', 'sv', 'da', 'no', 'nn', 'uk'],
  ['en', 'et', 'lv', 'lt', 'hr', 'bg'],
  ['en', 'sl', 'sh', 'ca', 'es', 'sr'],
];

/** `exists` asks whether an object is in the image. `object` is its English name; the question is in `language`. */
const QUESTIONS = [
  {
    file: 'owl-and-guitar.jpg',
    language: 'en',
    ask: [{ kind: 'left' }, { kind: 'count' }, { kind: 'exists', object: 'guitar' }],
  },
  {
    file: 'fruit.webp',
    language: 'ca',
    ask: [{ kind: 'middle' }, { kind: 'count' }, { kind: 'exists', object: 'lemon' }],
  },
  {
    file: 'street.png',
    language: 'el',
    ask: [{ kind: 'left' }, { kind: 'count' }, { kind: 'exists', object: 'bicycle' }],
  },
  {
    file: 'harbour-turned.jpg',
    language: 'uk',
    ask: [{ kind: 'right' }, { kind: 'count' }, { kind: 'exists', object: 'elephant' }],
  },
];

const COMPARISONS = [
  { files: ['fox.png', 'fox-at-dusk.jpg'], languages: ['en', 'gl', 'hu'] },
  { files: ['fox.png', 'penguin.webp'], languages: ['en', 'oc', 'bg'] },
];

/** Conversations: each question is sent with the earlier turns. */
const CHATS = [
  { file: 'owl-and-guitar.jpg', language: 'es', ask: [{ kind: 'left' }, { kind: 'right' }] },
  {
    file: 'penguin.webp',
    language: 'eu',
    ask: [{ kind: 'count' }, { kind: 'exists', object: 'penguin' }],
  },
];

/** Questions without an image. */
const TEXT_QUESTIONS = [
  { language: 'mt', ask: { kind: 'repeat', object: 'castle' } },
  { language: 'ca', ask: { kind: 'translate', object: 'butterfly', from: 'en' } },
  { language: 'en', ask: { kind: 'translate', object: 'owl', from: 'ga' } },
];

const VIDEO_LANGUAGES = ['en', 'ca', 'de', 'el', 'fi'];
const TRACK_LANGUAGE = 'es';

const isColored = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (isColored ? `\u001b[${code}m${text}\u001b[0m` : text);
const [bold, dim, green, red] = [1, 2, 32, 31].map(paint);

/** Results so far. */
const score = {
  captions: { correct: 0, of: 0 },
  answers: { correct: 0, of: 0 },
  videos: { correct: 0, of: 0 },
  failedRequests: 0,
  /** The reason if videos were skipped. */
  videosSkipped: undefined,
};

/** Sends a form. Returns the reply and its duration; prints the reason and returns undefined if the request failed. */
async function post(address, path, files, fields, accept) {
  try {
    return await postForm(address, path, files, fields, accept);
  } catch (error) {
    if (error.code === 'VIDEO_UNAVAILABLE') {
      score.videosSkipped = error.message;
      console.log(dim(`  skipped: ${error.message}`));
      return undefined;
    }
    score.failedRequests++;
    console.log(red(`  ${path} failed: ${error.message}`));
    return undefined;
  }
}

/** Prints a text, and the expected one if they differ. */
function show(count, label, text, expected) {
  const isCorrect = text === expected;
  count.of++;
  if (isCorrect) count.correct++;
  const correction = isCorrect ? '' : dim(`   (expected: ${expected})`);
  console.log(`  ${isCorrect ? green('✓') : red('✗')} ${label} ${text}${correction}`);
}

function heading(files, description) {
  console.log(`\n${bold(files)} ${dim(description)}`);
}

function objectsOf(file) {
  return IMAGES.find((image) => image.file === file).objects;
}

async function captionImages(address) {
  for (const [index, { file, shows, objects }] of IMAGES.entries()) {
    const languages = IMAGE_LANGUAGES[index % IMAGE_LANGUAGES.length];
    heading(file, shows);
    const sent = await post(address, '/v1/captions', [file], { languages: languages.join(',') });
    if (!sent) continue;
    const { results, media } = sent.reply;
    for (const { language, text } of results) {
      show(score.captions, language, text, joinNames(objects, language));
    }
    const { width, height, tiles, visual_tokens: tokens } = media;
    const summary = `${width} x ${height}, ${tiles} ${tiles === 1 ? 'tile' : 'tiles'}, ${tokens} visual tokens`;
    console.log(dim(`    ${summary}; ${results.length} captions in ${Math.round(sent.tookMs)} ms`));
  }
}

async function askQuestions(address) {
  for (const { file, language, ask } of QUESTIONS) {
    heading(file, `questions in ${language}`);
    const questions = ask.map((task, index) => ({
      id: String(index),
      text: questionText(task, language),
    }));
    const fields = { language, questions: JSON.stringify(questions) };
    const sent = await post(address, '/v1/answers', [file], fields);
    if (!sent) continue;
    for (const { id, text } of sent.reply.answers) {
      const expected = rightAnswer(ask[Number(id)], objectsOf(file), language);
      show(score.answers, questions[Number(id)].text, text, expected);
    }
    console.log(dim(`    ${ask.length} answers in ${Math.round(sent.tookMs)} ms`));
  }
}

/** Asks one question about any number of files, and prints the answer. Returns the question and the answer. */
async function askOne(address, files, { task, language, objects, history = [] }) {
  const question = questionText(task, language);
  const fields = { language, question, history: JSON.stringify(history) };
  const sent = await post(address, '/v1/answers', files, fields);
  const text = sent?.reply.answers[0]?.text;
  if (text !== undefined) {
    show(score.answers, question, text, rightAnswer(task, objects, language));
  }
  return { question, text };
}

async function compareImages(address) {
  for (const { files, languages } of COMPARISONS) {
    heading(files.join(' and '), 'two images in one request');
    const objects = files.flatMap(objectsOf);
    for (const language of languages) {
      await askOne(address, files, { task: { kind: 'compare' }, language, objects });
    }
  }
}

async function chat(address) {
  for (const { file, language, ask } of CHATS) {
    heading(file, `a conversation in ${language}`);
    const history = [];
    for (const task of ask) {
      const asked = { task, language, objects: objectsOf(file), history };
      const { question, text } = await askOne(address, [file], asked);
      if (text === undefined) break;
      history.push({ role: 'user', text: question }, { role: 'assistant', text });
    }
  }
  heading('text only', 'questions without an image');
  for (const { language, ask } of TEXT_QUESTIONS) {
    await askOne(address, [], { task: ask, language, objects: [] });
  }
}

async function captionVideos(address) {
  for (const { file, shows, shots } of VIDEOS.filter(({ shots: { length } }) => length === 1)) {
    heading(file, shows);
    const fields = { languages: VIDEO_LANGUAGES.join(',') };
    const sent = await post(address, '/v1/captions', [file], fields);
    if (!sent) continue;
    const { results, media } = sent.reply;
    for (const { language, text } of results) {
      show(score.videos, language, text, describeShot(shots[0], language));
    }
    const { width, height, frames, visual_tokens: tokens } = media;
    const summary = `${width} x ${height}, ${frames.length} frames, ${tokens} visual tokens`;
    console.log(dim(`    ${summary}; ${results.length} captions in ${Math.round(sent.tookMs)} ms`));
  }
}

/** Requests a WebVTT track for a video of several shots. */
async function describeShots(address) {
  for (const { file, shows, shots } of VIDEOS.filter(({ shots: { length } }) => length > 1)) {
    heading(file, `${shows}; WebVTT in ${TRACK_LANGUAGE}`);
    const fields = { granularity: 'shot', languages: TRACK_LANGUAGE };
    const sent = await post(address, '/v1/videos/captions', [file], fields, 'text/vtt');
    if (!sent) continue;
    console.log(dim(sent.reply.trimEnd().replace(/^/gm, '    ')));
    const cues = [...sent.reply.matchAll(/^([\d:.]+) --> ([\d:.]+)\n(.*)$/gm)];
    for (const [index, shot] of shots.entries()) {
      const [, start = 'no', end = 'cue', text = ''] = cues[index] ?? [];
      show(score.videos, `${start} to ${end}`, text, describeShot(shot, TRACK_LANGUAGE));
    }
    console.log(dim(`    ${cues.length} segments in ${Math.round(sent.tookMs)} ms`));
  }
}

/** Captions the folder of the samples as a job, which is killed in the middle and taken up again. */
async function captionFolder() {
  heading('samples/', 'the whole folder as a job, killed in the middle and run again');
  const killed = await runJob({ killAfterLines: 3 });
  console.log(dim(`  killed after ${killed.length} files; the same command goes on:`));
  const lines = await runJob({});
  for (const { file, objects } of IMAGES) {
    const texts = lines.find((line) => line.file === file)?.results ?? [];
    for (const { language, text } of texts) {
      show(score.captions, `${file} ${language}`, text, joinNames(objects, language));
    }
    if (texts.length === 0) score.failedRequests++;
  }
  const repeated = lines.length - new Set(lines.map(({ file }) => file)).size;
  console.log(dim(`    ${lines.length} files, ${repeated} of them twice`));
  if (repeated > 0) score.failedRequests++;
}

function seconds(sinceMs) {
  return `${((performance.now() - sinceMs) / 1_000).toFixed(1)} s`;
}

async function demonstrate() {
  console.log('Starting the service ...');
  const serviceStartMs = performance.now();
  const service = await startService();
  try {
    await waitUntilReady(service, (step) => console.log(dim(`  ${step} ...`)));
    const total = `${seconds(startMs)} since the start of the command`;
    console.log(`Ready after ${seconds(serviceStartMs)} (${total}), at ${service.address}`);
    await captionImages(service.address);
    await askQuestions(service.address);
    await compareImages(service.address);
    await chat(service.address);
    await captionVideos(service.address);
    await describeShots(service.address);
  } finally {
    await stopService(service);
  }
  await captionFolder();
}

const startMs = performance.now();
console.log(`${bold('Visual Salamandra: demonstration')}

The bundled demo model is small and was trained by this project. It knows a cartoon world of ${OBJECTS.length} objects
and their names in 35 languages; photographs give random answers. The real model is
BSC-LT/salamandra-7b-vision, which the same program runs: npx salamandra pull 7b-vision
`);

setUp();
try {
  await demonstrate();
} catch (error) {
  console.log(red(`The demonstration failed: ${error.message}`));
  process.exit(1);
}

const { failedRequests, videosSkipped } = score;
const parts = Object.entries(MIN_CORRECT).filter(([what]) => what !== 'videos' || !videosSkipped);
const isEnough = parts.every(([what, share]) => {
  const { correct, of } = score[what];
  return of > 0 && correct >= share * of;
});
const counts = parts.map(
  ([what, share]) =>
    `${score[what].correct} of ${score[what].of} ${LABELS[what]} (required: ${share * 100} %)`,
);
const isGood = isEnough && failedRequests === 0;
console.log(`
Exactly correct: ${counts.join(', ')}.`);
if (videosSkipped) console.log(`Videos were skipped: ${videosSkipped}`);
console.log(`\
${failedRequests === 0 ? 'Every request succeeded.' : `${failedRequests} requests failed.`} \
Total time: ${seconds(startMs)}. The service has stopped.`);
console.log(isGood ? green('Passed.') : red('Failed.'));
if (isGood) {
  console.log(`
Caption your own image:  ${bold('npx salamandra caption my.jpg --languages ca,es,en')}
Caption a whole folder:  ${bold('npx salamandra caption ./photos --languages ca,es,en')}
Start the service:       ${bold('npm start')}  (then open http://127.0.0.1:3000)`);
}
process.exitCode = isGood ? 0 : 1;
