import { fileKind, isArchive } from './file-kind.js';

describe('fileKind', () => {
  it.each([
    ['fox.png', 'image/png', 'image'],
    ['rabbit.webm', 'video/webm', 'video'],
    ['pasted', 'image/png', 'image'],
    ['scan.TIF', '', 'image'],
    ['old.avi', '', 'video'],
    ['camera.mts', 'application/octet-stream', 'video'],
    ['scan.jp2', '', 'image'],
    ['x-ray.dcm', '', 'image'],
    ['master.MXF', 'application/mxf', 'video'],
    // Either a Qt translation or an MPEG transport stream; the service checks the bytes.
    ['recording.ts', 'text/vnd.trolltech.linguist', 'video'],
  ])('classifies %s of type "%s" as %s', (name, type, kind) => {
    expect(fileKind({ name, type })).toBe(kind);
  });

  it.each([
    ['notes.txt', 'text/plain'],
    ['song.mp3', 'audio/mpeg'],
    ['paper.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
    ['folder', ''],
    ['.png/README', ''],
  ])('rejects %s of type "%s"', (name, type) => {
    expect(fileKind({ name, type })).toBeNull();
  });
});

it('recognizes files that hold other files', () => {
  expect(isArchive({ name: 'Photos.ZIP' })).toBe(true);
  expect(isArchive({ name: 'photo.jpg' })).toBe(false);
});
