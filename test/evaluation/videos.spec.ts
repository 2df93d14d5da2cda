import { describe, expect, it } from '@jest/globals';

import { LANGUAGES, languageEntry, resolveLanguage } from '../../src/language/languages.js';
import { type Video, sampleVideo } from './videos.js';
import { drawFrames } from './draw-scene.js';
import { createClipTask, createFollowUp, createPairTask, createWordTask } from './further-tasks.js';
import { type PlacedObject, type Scene, samplePair, sampleScene } from './scenes.js';
import { createTask } from './tasks.js';
import { OBJECTS, nameOf } from './world.js';

const english = resolveLanguage('en');

function objectOf({ objects }: Scene): PlacedObject {
  const [object] = objects;
  if (!object) throw new RangeError('The scene has no object.');
  return object;
}

/** Whether the object's box overlaps the frame. */
function isInSight(frame: Scene): boolean {
  const { x, y, side } = objectOf(frame);
  const isWithin = (centre: number, length: number): boolean =>
    centre + side / 2 > 0 && centre - side / 2 < length;
  return isWithin(x, frame.width) && isWithin(y, frame.height);
}

function ends({ frames }: Video): [Scene, Scene] {
  const [first, last] = [frames[0], frames.at(-1)];
  if (!first || !last) throw new RangeError('The video has no frames.');
  return [first, last];
}

describe('sampleVideo', () => {
  it('returns the same video for the same number, with motions in turn', () => {
    expect(sampleVideo(17)).toEqual(sampleVideo(17));
    const motions = [0, 1, 2, 3, 4, 5, 6].map((index) => sampleVideo(index).motion);
    expect(motions).toEqual([
      ...['enters', 'leaves', 'movesLeft', 'movesRight', 'movesUp', 'movesDown', 'enters'],
    ]);
  });

  it('has frames that show its motion', () => {
    for (let index = 0; index < 600; index++) {
      const clip = sampleVideo(index);
      const [first, last] = ends(clip);
      const [from, to] = [objectOf(first), objectOf(last)];
      expect(clip.frames.length).toBeGreaterThanOrEqual(4);
      expect(clip.frames.length).toBeLessThanOrEqual(16);
      expect(isInSight(first)).toBe(clip.motion !== 'enters');
      expect(isInSight(last)).toBe(clip.motion !== 'leaves');
      if (clip.motion === 'movesLeft') expect(to.x).toBeLessThan(from.x - from.side * 0.1);
      if (clip.motion === 'movesRight') expect(to.x).toBeGreaterThan(from.x + from.side * 0.1);
      if (clip.motion === 'movesUp') expect(to.y).toBeLessThan(from.y - from.side * 0.1);
      if (clip.motion === 'movesDown') expect(to.y).toBeGreaterThan(from.y + from.side * 0.1);
    }
  });

  it('refuses a number outside the held-out range', () => {
    expect(() => sampleVideo(10_000)).toThrow(RangeError);
    expect(() => samplePair(5_000)).toThrow(RangeError);
  });
});

describe('drawFrames', () => {
  it('moves only the object', async () => {
    const clip = sampleVideo(3);
    const frames = await drawFrames(clip);
    expect(frames).toHaveLength(clip.frames.length);
    const [one, other] = [frames[0], frames.at(-1)].map((frame) => Buffer.from(frame?.data ?? []));
    expect(one?.length).toBe((clip.frames[0]?.width ?? 0) * (clip.frames[0]?.height ?? 0) * 3);
    const changed = one?.filter((value, i) => value !== other?.[i]).length ?? 0;
    expect(changed).toBeGreaterThan(0);
    // The old and the new place of the object, each at most two thirds of the frame's shorter side wide.
    expect(changed / (one?.length ?? 1)).toBeLessThan(0.9);
  });
});

describe('samplePair', () => {
  it('shows the same object twice in every second pair', () => {
    for (let index = 0; index < 300; index++) {
      const [one, other] = samplePair(index).map((scene) => objectOf(scene).object);
      expect(one === other).toBe(index % 2 === 0);
    }
  });
});

describe('further tasks', () => {
  it('ask about a video with the prompt of the service', () => {
    const { conversation, answer } = createClipTask(sampleVideo(2), english);
    const [message] = conversation;
    const { instructions, answerIn } = languageEntry(english);
    expect(message?.content[0]).toEqual({ type: 'video' });
    const texts = instructions.video.map((wording) => `${wording} ${answerIn}`);
    expect(texts).toContain((message?.content[1] as { text: string }).text);
    expect(answer).toBe(`${nameOf(sampleVideo(2).object, english)}: moves left`);
  });

  it('compare two images', () => {
    const [same, different] = [0, 1].map((index) => createPairTask(samplePair(index), english));
    expect(same?.answer).toBe('the same');
    expect(different?.answer).toBe('different');
    expect(same?.conversation[0]?.content.map(({ type }) => type)).toEqual([
      ...['image', 'image', 'text'],
    ]);
  });

  it('ask to translate a word and to repeat one', () => {
    for (const language of LANGUAGES) {
      const [object = -1] = createWordTask(4, 'translate', language).objects;
      const { conversation, answer } = createWordTask(3, 'repeat', language);
      expect(JSON.stringify(conversation)).toContain(JSON.stringify(answer).slice(1, -1));
      expect(OBJECTS[object]?.names[language.code]).toBe(
        createWordTask(4, 'translate', language).answer,
      );
    }
  });

  it('put the image of a follow-up question into the first turn', () => {
    const scene = sampleScene(0);
    const first = createTask(scene, 'count', english, 0);
    const second = createTask(scene, 'caption', english, 1);
    const { conversation, answer, kind } = createFollowUp(first, second);
    expect(
      conversation.map(({ role, content }) => [role, content.map(({ type }) => type)]),
    ).toEqual([
      ['user', ['image', 'text']],
      ['assistant', ['text']],
      ['user', ['text']],
    ]);
    expect(conversation[1]?.content).toEqual([{ type: 'text', text: '3' }]);
    expect({ answer, kind }).toEqual({ answer: second.answer, kind: 'caption' });
  });
});
