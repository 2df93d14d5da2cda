/**
 * `npm run demo`: from a fresh clone to captions. Installs and builds where needed, starts the service, sends it the
 * sample pictures and clips over HTTP and checks what it says against what is drawn. Needs Node and npm; clips need
 * ffmpeg besides, and are left out, with a word about it, where there is none.
 *
 * Ends with 0 when every request succeeded and enough texts were right (see ENOUGH), with 1 otherwise.
 */
import { setUp } from '../test/setup/setup.mjs';
import { postForm, startService, stopService, waitUntilReady } from './demo-service.mjs';
import {
  CLIPS,
  OBJECTS,
  PICTURES,
  describeShot,
  joinNames,
  questionText,
  rightAnswer,
} from './demo-truth.mjs';

const { performance } = globalThis;

/**
 * Shares that must be right to the letter: what this edition of the bundled model reaches on these samples, less a
 * margin for the rounding of other processors. Below that something is broken; a better edition raises them.
 */
const ENOUGH = { captions: 0.95, answers: 0.9, clips: 0.9 };

/** How each is called in the summary. */
const CALLED = { captions: 'captions', answers: 'answers', clips: 'descriptions of clips' };

/** For each picture six languages; together all 35, in the Latin, Greek and Cyrillic scripts. */
const LANGUAGES_OF_PICTURES = [
  ['en', 'ca', 'es', 'eu', 'el', 'uk'],
  ['en', 'gl', 'oc', 'fr', 'bg', 'de'],
  ['en', 'pt', 'it', 'ro', 'ru', 'mt'],
  ['en', 'ga', 'cy', 'nl', 'sr', 'pl'],
  ['en', 'cs', 'sk', 'hu', 'el', 'fi'],
  ['en', 'sv', 'da', 'no', 'nn', 'uk'],
  ['en', 'et', 'lv', 'lt', 'hr', 'bg'],
  ['en', 'sl', 'sh', 'ca', 'es', 'sr'],
];

/** `exists` asks for an object by its English name, and names it in the language of the question. */
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

/** Questions one after another, each with all that was said before. */
const CHATS = [
  { file: 'owl-and-guitar.jpg', language: 'es', ask: [{ kind: 'left' }, { kind: 'right' }] },
  {
    file: 'penguin.webp',
    language: 'eu',
    ask: [{ kind: 'count' }, { kind: 'exists', object: 'penguin' }],
  },
];

/** Without any picture. */
const WORDS = [
  { language: 'mt', ask: { kind: 'repeat', object: 'castle' } },
  { language: 'ca', ask: { kind: 'translate', object: 'butterfly', from: 'en' } },
  { language: 'en', ask: { kind: 'translate', object: 'owl', from: 'ga' } },
];

const LANGUAGES_OF_CLIPS = ['en', 'ca', 'de', 'el', 'fi'];
const LANGUAGE_OF_TRACK = 'es';

const isColoured = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (isColoured ? `\u001b[${code}m${text}\u001b[0m` : text);
const [bold, dim, green, red] = [1, 2, 32, 31].map(paint);

/** What came of the run so far. */
const score = {
  captions: { right: 0, of: 0 },
  answers: { right: 0, of: 0 },
  clips: { right: 0, of: 0 },
  failedRequests: 0,
  /** Why clips were left out, if they were. */
  noClips: undefined,
};

/** Sends a form. Returns the reply and how long it took, or says what went wrong. */
async function post(address, path, files, fields, accept) {
  try {
    return await postForm(address, path, files, fields, accept);
  } catch (error) {
    if (error.code === 'VIDEO_UNAVAILABLE') {
      score.noClips = error.message;
      console.log(dim(`  left out: ${error.message}`));
      return undefined;
    }
    score.failedRequests++;
    console.log(red(`  ${path} failed: ${error.message}`));
    return undefined;
  }
}

/** One line: what was said, and what had been right where it was not. */
function show(count, label, said, expected) {
  const isRight = said === expected;
  count.of++;
  if (isRight) count.right++;
  const correction = isRight ? '' : dim(`   (right: ${expected})`);
  console.log(`  ${isRight ? green('✓') : red('✗')} ${label} ${said}${correction}`);
}

function heading(files, what) {
  console.log(`\n${bold(files)} ${dim(what)}`);
}

function objectsOf(file) {
  return PICTURES.find((picture) => picture.file === file).objects;
}

async function captionPictures(address) {
  for (const [index, { file, shows, objects }] of PICTURES.entries()) {
    const languages = LANGUAGES_OF_PICTURES[index % LANGUAGES_OF_PICTURES.length];
    heading(file, shows);
    const sent = await post(address, '/v1/captions', [file], { languages: languages.join(',') });
    if (!sent) continue;
    const { results, media } = sent.reply;
    for (const { language, text } of results) {
      show(score.captions, language, text, joinNames(objects, language));
    }
    const { width, height, tiles, visual_tokens: tokens } = media;
    const seen = `${width} x ${height}, ${tiles} ${tiles === 1 ? 'tile' : 'tiles'}, ${tokens} visual tokens`;
    console.log(dim(`    ${seen}; ${results.length} captions in ${Math.round(sent.tookMs)} ms`));
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

/** One question about any number of files. Returns the answer, after it was shown. */
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

async function comparePictures(address) {
  for (const { files, languages } of COMPARISONS) {
    heading(files.join(' and '), 'two pictures in one request');
    const objects = files.flatMap(objectsOf);
    for (const language of languages) {
      await askOne(address, files, { task: { kind: 'compare' }, language, objects });
    }
  }
}

async function chat(address) {
  for (const { file, language, ask } of CHATS) {
    heading(file, `a conversation in ${language}, each question with what was said before`);
    const history = [];
    for (const task of ask) {
      const asked = { task, language, objects: objectsOf(file), history };
      const { question, text } = await askOne(address, [file], asked);
      if (text === undefined) break;
      history.push({ role: 'user', text: question }, { role: 'assistant', text });
    }
  }
  heading('words alone', 'no picture at all');
  for (const { language, ask } of WORDS) {
    await askOne(address, [], { task: ask, language, objects: [] });
  }
}

async function captionClips(address) {
  for (const { file, shows, shots } of CLIPS.filter(({ shots: { length } }) => length === 1)) {
    heading(file, shows);
    const fields = { languages: LANGUAGES_OF_CLIPS.join(',') };
    const sent = await post(address, '/v1/captions', [file], fields);
    if (!sent) continue;
    const { results, media } = sent.reply;
    for (const { language, text } of results) {
      show(score.clips, language, text, describeShot(shots[0], language));
    }
    const { width, height, frames, visual_tokens: tokens } = media;
    const seen = `${width} x ${height}, ${frames.length} frames, ${tokens} visual tokens`;
    console.log(dim(`    ${seen}; ${results.length} captions in ${Math.round(sent.tookMs)} ms`));
  }
}

/** A track of descriptions of a clip of several shots, as a player takes it. */
async function describeShots(address) {
  for (const { file, shows, shots } of CLIPS.filter(({ shots: { length } }) => length > 1)) {
    heading(file, `${shows}; WebVTT in ${LANGUAGE_OF_TRACK}`);
    const fields = { granularity: 'shot', languages: LANGUAGE_OF_TRACK };
    const sent = await post(address, '/v1/videos/captions', [file], fields, 'text/vtt');
    if (!sent) continue;
    console.log(dim(sent.reply.trimEnd().replace(/^/gm, '    ')));
    const cues = [...sent.reply.matchAll(/^([\d:.]+) --> ([\d:.]+)\n(.*)$/gm)];
    for (const [index, shot] of shots.entries()) {
      const [, start = 'no', end = 'cue', text = ''] = cues[index] ?? [];
      show(score.clips, `${start} to ${end}`, text, describeShot(shot, LANGUAGE_OF_TRACK));
    }
    console.log(dim(`    ${cues.length} segments in ${Math.round(sent.tookMs)} ms`));
  }
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
    const whole = `${seconds(startMs)} since the command began`;
    console.log(`Ready after ${seconds(serviceStartMs)} (${whole}), at ${service.address}`);
    await captionPictures(service.address);
    await askQuestions(service.address);
    await comparePictures(service.address);
    await chat(service.address);
    await captionClips(service.address);
    await describeShots(service.address);
  } finally {
    await stopService(service);
  }
}

const startMs = performance.now();
console.log(`${bold('Visual Salamandra, a demonstration')}

The bundled model is a small one that this project trained itself. It knows a cartoon world of
${OBJECTS.length} objects and their names in 35 languages, and nothing of photographs. The real model,
BSC-LT/salamandra-7b-vision, is served by the same code once it is converted; see README.md.
`);

setUp();
try {
  await demonstrate();
} catch (error) {
  console.log(red(`The demonstration broke off: ${error.message}`));
  process.exit(1);
}

const { failedRequests, noClips } = score;
const parts = Object.entries(ENOUGH).filter(([what]) => what !== 'clips' || !noClips);
const isEnough = parts.every(([what, share]) => {
  const { right, of } = score[what];
  return of > 0 && right >= share * of;
});
const counts = parts.map(
  ([what, share]) =>
    `${score[what].right} of ${score[what].of} ${CALLED[what]} (at least ${share * 100} %)`,
);
const isGood = isEnough && failedRequests === 0;
console.log(`
Right to the letter: ${counts.join(', ')}.`);
if (noClips) console.log(`Clips were left out: ${noClips}`);
console.log(`\
${failedRequests === 0 ? 'Every request succeeded.' : `${failedRequests} requests failed.`} \
The service is stopped. ${seconds(startMs)} in all.`);
console.log(isGood ? green('Good.') : red('Not good.'));
process.exitCode = isGood ? 0 : 1;
