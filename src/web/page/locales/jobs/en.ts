const numbers = new Intl.NumberFormat('en');
const n = (value: number) => numbers.format(value);

/** The English texts of the space *Jobs*, and the shape of every translation. */
export const en = {
  crumbs: 'Path',
  states: {
    active: 'Running',
    waiting: 'Waiting',
    pilot: 'Trial done',
    paused: 'Paused',
    cancelling: 'Cancelling…',
    cancelled: 'Cancelled',
    done: 'Done',
    deleting: 'Deleting…',
  },
  duration: {
    seconds: (count: number) => (count === 1 ? '1 second' : `${n(count)} seconds`),
    minutes: (count: number) => (count === 1 ? '1 minute' : `${n(count)} minutes`),
    hours: (count: number) => (count === 1 ? '1 hour' : `${n(count)} hours`),
    days: (count: number) => (count === 1 ? '1 day' : `${n(count)} days`),
  },
  progress: {
    of: (ended: number, total: number) => `${n(ended)} of ${n(total)} items`,
    listing: (found: number) => `Reading the source: ${n(found)} items so far`,
    failed: (count: number) => `${n(count)} failed`,
    skipped: (count: number) => `${n(count)} skipped`,
    perHour: (count: number) => `${n(count)} per hour`,
    left: (time: string) => `about ${time} left`,
  },
  actions: {
    pause: 'Pause',
    resume: 'Resume',
    startRest: 'Start the rest',
    retry: 'Try failed items again',
    cancel: 'Cancel job',
    delete: 'Delete job',
    keep: 'Keep it',
    confirm: {
      cancel: (name: string) => `Cancel “${name}”?`,
      delete: (name: string) => `Delete “${name}”?`,
    },
    consequence: {
      cancel: 'The remaining items are not captioned. The texts so far are kept.',
      delete: 'All texts and reviews of this job are deleted. Your files are not touched.',
    },
  },
  list: {
    title: 'Jobs',
    create: 'New job',
    empty: 'No jobs yet',
    emptyHint: 'A job captions a whole collection, then you review the texts and export them.',
    created: (time: string) => `Created ${time}`,
    batch: 'OpenAI batch',
  },
  create: {
    what: 'What to caption',
    sources: {
      uploads: 'Files from this computer',
      folder: 'Folder on the server',
      table: 'CSV table on the server',
      iiif: 'IIIF address',
    },
    locations: {
      folder: 'Path of the folder',
      table: 'Path of the table',
      iiif: 'Address of the manifest or collection',
    },
    locationHints: {
      folder: 'For example /archive/photos. Files are read in place and never changed.',
      table:
        'For example /archive/photos.csv: one row per image, with a column for its path or URL.',
      iiif: 'For example https://example.org/manifest.json',
    },
    missing: {
      uploads: 'Drop files or choose a folder.',
      folder: 'Enter the path of the folder.',
      table: 'Enter the path of the table.',
      iiif: 'Enter the address.',
    },
    name: 'Name',
    nameHint: 'Optional. Otherwise the job is named after its source.',
    files: (count: number) => (count === 1 ? '1 file' : `${n(count)} files`),
    texts: 'Which texts',
    pilot: 'Trial run',
    pilotHint:
      'A few items from all over the collection are captioned first. You see the texts and how long the rest will take, then decide.',
    tryFirst: 'Try some items first',
    pilotItems: 'Items to try',
    start: (pilot: number) =>
      pilot === 0 ? 'Start' : pilot === 1 ? 'Try 1 item' : `Try ${n(pilot)} items`,
  },
  files: {
    archives: (count: number) =>
      count === 1
        ? '1 compressed file was left out. Unpack it and drop its folder.'
        : `${n(count)} compressed files were left out. Unpack them and drop their folders.`,
    drop: 'Drop files or folders here',
    reading: 'Reading the folder…',
    chooseFolder: 'Choose a folder',
    leftOut: (count: number) =>
      count === 1
        ? '1 file was left out: it is neither an image nor a video.'
        : `${n(count)} files were left out: they are neither images nor videos.`,
  },
  uploads: {
    lost: 'The service is not responding. Uploading goes on by itself when it does.',
    missingFiles: (count: number) =>
      count === 1
        ? '1 file is missing. Choose it or its folder again.'
        : `${n(count)} files are missing. Choose them or their folder again.`,
    arrived: (count: number) =>
      count === 1 ? '1 file has arrived.' : `${n(count)} files have arrived.`,
    noneMissing: 'None of these files is missing.',
    progress: (sent: number, total: number) => `Uploading: ${n(sent)} of ${n(total)} files`,
    bytes: (sent: string, total: string) => `${sent} of ${total}`,
    failed: (count: number) => `${n(count)} could not be uploaded`,
    stop: 'Stop uploading',
    resume: 'Continue uploading',
    finish: 'Go on without the missing files',
    missing:
      'This job is waiting for files. Choose the same files or folder again: files that have arrived are not sent twice.',
  },
  pilot: {
    running: (items: number) =>
      items === 1
        ? 'Trial run: 1 item is captioned first.'
        : `Trial run: ${n(items)} items are captioned first.`,
    took: (items: number, time: string) =>
      items === 1 ? `1 item took ${time}.` : `${n(items)} items took ${time}.`,
    failed: (count: number) => `${n(count)} of them failed.`,
    rest: (items: number, time: string) =>
      items === 1
        ? `The other one will take about ${time}.`
        : `The other ${n(items)} will take about ${time}.`,
    hint: 'Read some of the texts below, then start the rest.',
  },
  failures: {
    title: (count: number) => (count === 1 ? '1 item failed' : `${n(count)} items failed`),
    show: 'Show these items',
    skipped: (count: number) =>
      count === 1
        ? '1 entry of the source was skipped'
        : `${n(count)} entries of the source were skipped`,
  },
  filters: {
    title: 'Filter',
    choices: {
      all: 'All',
      unreviewed: 'To review',
      partly: 'Begun',
      reviewed: 'Reviewed',
      edited: 'Edited',
      rejected: 'Rejected',
      failed: 'Failed',
      person: 'Written by a person',
    },
    count: (count: number) => n(count),
    search: 'Search texts and records',
    flag: 'Problem',
    anyFlag: 'Any problem or none',
    flagOf: (name: string, count: number) => `${name} (${n(count)})`,
    order: 'Order',
    byRisk: 'Most doubtful first',
    byPosition: 'In the order of the source',
    changed: 'Only changed files',
  },
  grid: {
    title: 'Items',
    all: (count: number) => (count === 1 ? '1 item' : `${n(count)} items`),
    found: (count: number) => (count === 1 ? '1 item found' : `${n(count)} items found`),
    none: 'No items yet. They appear here as soon as they are found.',
    noneFound: 'No items match. Choose another filter.',
    newResults: (count: number) =>
      count === 1 ? 'Show 1 new result' : `Show ${n(count)} new results`,
  },
  /** States of items and texts, in one or two words. */
  marks: {
    queued: 'Queued',
    active: 'In progress',
    failed: 'Failed',
    unreviewed: 'To review',
    partly: 'Begun',
    reviewed: 'Reviewed',
    accepted: 'Accepted',
    edited: 'Edited',
    rejected: 'Rejected',
  },
  /** Reasons to look at a text first, keyed by the name that the service sends. */
  flags: {
    blank_picture: 'Blank image',
    cut_off: 'Cut off',
    repetition: 'Repeats itself',
    missing_segments: 'Missing segments',
    duplicate: 'Same text elsewhere',
    too_long: 'Too long',
    image_of: 'Begins with “image of”',
    no_full_stop: 'No full stop',
    wrong_language: 'Wrong language',
    unsure: 'Model is unsure',
  } as Partial<Record<string, string>>,
  item: {
    previous: 'Previous',
    next: 'Next',
    acceptAll: 'Accept all and go on',
    last: 'This is the last item.',
    first: 'This is the first item.',
    noTexts: 'No texts yet.',
    failed: 'This item could not be captioned.',
    noPicture: 'The service has no preview of this file.',
    original: 'Open the original',
  },
  record: { title: 'Record', identifier: 'Identifier', source: 'File' },
  card: {
    draft: 'Machine text',
    newDraft: 'New machine text',
    useDraft: 'Edit this text',
    save: 'Save',
    discard: 'Discard changes',
    unsaved: 'Not saved yet',
    byMachine: (model: string) => `Written by a machine (${model}).`,
    decided: {
      unreviewed: (name: string) => `Reopened by ${name}`,
      accepted: (name: string) => `Accepted by ${name}`,
      edited: (name: string) => `Edited by ${name}`,
      rejected: (name: string) => `Rejected by ${name}`,
    },
  },
  decided: {
    accept: (count: number) => (count === 1 ? '1 text accepted.' : `${n(count)} texts accepted.`),
    edit: (count: number) => (count === 1 ? 'Text saved.' : `${n(count)} texts saved.`),
    reject: (count: number) => (count === 1 ? '1 text rejected.' : `${n(count)} texts rejected.`),
  },
  conflict: {
    title: (name: string) => `${name} changed this text while you had it open.`,
    theirs: 'Text now',
    mine: 'Your text',
    keep: 'Keep the text as it is',
    use: 'Use your text',
  },
  commands: {
    accept: 'Accept',
    acceptAll: 'Accept all texts, next item',
    edit: 'Edit',
    reject: 'Reject',
    undo: 'Undo',
    regenerate: 'Write again',
    next: 'Next item',
    previous: 'Previous item',
    textDown: 'Next text',
    textUp: 'Previous text',
    back: 'Back to the items',
    help: 'Keyboard shortcuts',
  },
  shortcuts: {
    save: 'Save the text (while editing)',
    leave: 'Stop editing',
    or: 'or',
    enabled: 'Single letters are shortcuts',
    close: 'Close',
  },
  regenerate: {
    title: 'Write this item again',
    explanation: 'The machine writes new texts. Texts that a person accepted or edited stay.',
    hint: 'Hint for the machine (optional)',
    placeholder: 'A market in Girona, about 1930',
    queued: 'The item is queued. New texts appear here when they are written.',
  },
  reviewer: {
    title: 'Your name',
    name: 'Name',
    hint: 'It is stored with your decisions, so that colleagues know whom to ask.',
    cancel: 'Cancel',
    save: 'Save',
    as: (name: string) => `Reviewing as ${name}`,
  },
  bulk: {
    accept: 'Accept all shown',
    title: 'Accept all texts shown?',
    count: (texts: number, items: number) => `Unreviewed texts: ${n(texts)}. Items: ${n(items)}.`,
    none: 'There are no unreviewed texts here.',
    confirm: (texts: number) => (texts === 1 ? 'Accept 1 text' : `Accept ${n(texts)} texts`),
    done: (texts: number) => (texts === 1 ? '1 text accepted.' : `${n(texts)} texts accepted.`),
    undo: 'Undo',
    undone: (texts: number) =>
      texts === 1 ? '1 text is unreviewed again.' : `${n(texts)} texts are unreviewed again.`,
  },
  outbox: {
    waiting: (count: number) =>
      count === 1
        ? '1 decision is not stored yet. It is kept in this browser and sent when the service answers.'
        : `${n(count)} decisions are not stored yet. They are kept in this browser and sent when the service answers.`,
  },
  exchange: {
    rejected: (count: number) => (count === 1 ? '1 text rejected' : `${n(count)} texts rejected`),
    invalid: (count: number) =>
      count === 1 ? '1 row could not be read' : `${n(count)} rows could not be read`,
    row: (row: number) => `Row ${row}`,
    baseUrl: 'Address of the published files',
    baseUrlHint:
      'The files refer to each other by the address where you will publish them, for example https://example.org/iiif/',
    export: 'Export',
    import: 'Import',
    exportTitle: (name: string) => `Export “${name}”`,
    format: 'Format',
    /** What each format is for. */
    uses: {
      csv: 'For spreadsheets; can be imported again',
      xmp: 'For photo software such as Lightroom or digiKam',
      jsonl: 'For scripts; everything the service knows',
      iiif: 'For viewers: annotations and manifest',
      webvtt: 'For players: audio description of videos',
      'dublin-core': 'For Omeka S',
      atom: 'For AtoM',
      html: 'To read and to print',
      imagefolder: 'Data set for training models',
      coco: 'Data set for research',
    },
    reviewedOnly: 'Only reviewed texts',
    filteredOnly: 'Only the items shown',
    download: 'Download',
    importTitle: (name: string) => `Import into “${name}”`,
    importHint:
      'Choose a CSV or JSON Lines file that was exported from this job and edited elsewhere. Texts are matched by identifier.',
    file: 'File',
    accepted: (count: number) => (count === 1 ? '1 text accepted' : `${n(count)} texts accepted`),
    edited: (count: number) => (count === 1 ? '1 text changed' : `${n(count)} texts changed`),
    unchanged: (count: number) =>
      count === 1 ? '1 text as before' : `${n(count)} texts as before`,
    conflicts: (count: number) =>
      count === 1
        ? '1 text was not imported: a person changed it meanwhile'
        : `${n(count)} texts were not imported: a person changed them meanwhile`,
    unknown: (count: number) =>
      count === 1
        ? '1 row belongs to no item of this job'
        : `${n(count)} rows belong to no item of this job`,
    left: 'Rows that were not imported',
  },
};

/** The shape of every translation. */
export type JobMessages = typeof en;
