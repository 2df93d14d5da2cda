import { fileKind } from './file-kind.js';

describe('fileKind', () => {
  it.each([
    ['fox.png', 'image/png', 'image'],
    ['clip.webm', 'video/webm', 'video'],
    ['pasted', 'image/png', 'image'],
    ['scan.TIF', '', 'image'],
    ['old.avi', '', 'video'],
    ['camera.mts', 'application/octet-stream', 'video'],
    // A translation file for some systems, a transport stream for others: the service looks into it.
    ['recording.ts', 'text/vnd.trolltech.linguist', 'video'],
  ])('takes %s of type "%s" for an %s', (name, type, kind) => {
    expect(fileKind({ name, type })).toBe(kind);
  });

  it.each([
    ['notes.txt', 'text/plain'],
    ['song.mp3', 'audio/mpeg'],
    ['paper.pdf', 'application/pdf'],
    ['folder', ''],
    ['.png/README', ''],
  ])('takes %s of type "%s" for neither', (name, type) => {
    expect(fileKind({ name, type })).toBeNull();
  });
});
