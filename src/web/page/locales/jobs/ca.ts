import type { JobMessages } from './en.js';

const numbers = new Intl.NumberFormat('ca');
const n = (value: number) => numbers.format(value);

/** Catalan: see `../ca.ts` for its style. */
export const ca: JobMessages = {
  crumbs: 'Camí',
  states: {
    active: 'En curs',
    waiting: 'En espera',
    pilot: 'Prova acabada',
    paused: 'En pausa',
    cancelling: 'S’està cancel·lant…',
    cancelled: 'Cancel·lat',
    done: 'Acabat',
    deleting: 'S’està suprimint…',
  },
  duration: {
    seconds: (count) => (count === 1 ? '1 segon' : `${n(count)} segons`),
    minutes: (count) => (count === 1 ? '1 minut' : `${n(count)} minuts`),
    hours: (count) => (count === 1 ? '1 hora' : `${n(count)} hores`),
    days: (count) => (count === 1 ? '1 dia' : `${n(count)} dies`),
  },
  progress: {
    of: (ended, total) => `${n(ended)} de ${n(total)} elements`,
    listing: (found) => `S’està llegint la font: ${n(found)} elements fins ara`,
    failed: (count) => (count === 1 ? '1 amb error' : `${n(count)} amb errors`),
    skipped: (count) => (count === 1 ? '1 omès' : `${n(count)} omesos`),
    perHour: (count) => `${n(count)} per hora`,
    left: (time) => `falten uns ${time}`,
  },
  actions: {
    pause: 'Posa en pausa',
    resume: 'Reprèn',
    startRest: 'Comença la resta',
    retry: 'Torna a provar els que han fallat',
    cancel: 'Cancel·la el treball',
    delete: 'Suprimeix el treball',
    keep: 'Deixa’l com està',
    confirm: {
      cancel: (name) => `Voleu cancel·lar «${name}»?`,
      delete: (name) => `Voleu suprimir «${name}»?`,
    },
    consequence: {
      cancel: 'Els elements pendents es quedaran sense text. Els textos ja escrits es conserven.',
      delete:
        'Se suprimiran tots els textos i les revisions d’aquest treball. Els vostres fitxers no es toquen.',
    },
  },
  list: {
    title: 'Treballs',
    create: 'Treball nou',
    empty: 'Encara no hi ha cap treball',
    emptyHint:
      'Un treball descriu tota una col·lecció; després en reviseu els textos i els exporteu.',
    created: (time) => `Creat el ${time}`,
    batch: 'Lot d’OpenAI',
  },
  create: {
    what: 'Què cal descriure',
    sources: {
      uploads: 'Fitxers d’aquest ordinador',
      folder: 'Carpeta del servidor',
      table: 'Taula CSV del servidor',
      iiif: 'Adreça IIIF',
    },
    locations: {
      folder: 'Camí de la carpeta',
      table: 'Camí de la taula',
      iiif: 'Adreça del manifest o de la col·lecció',
    },
    locationHints: {
      folder: 'Per exemple /arxiu/fotos. Els fitxers es llegeixen on són i no es modifiquen mai.',
      table:
        'Per exemple /arxiu/fotos.csv: una fila per imatge, amb una columna per al camí o l’URL.',
      iiif: 'Per exemple https://example.org/manifest.json',
    },
    missing: {
      uploads: 'Arrossegueu fitxers o trieu una carpeta.',
      folder: 'Escriviu el camí de la carpeta.',
      table: 'Escriviu el camí de la taula.',
      iiif: 'Escriviu l’adreça.',
    },
    name: 'Nom',
    nameHint: 'Opcional. Si no n’hi poseu cap, el treball porta el nom de la font.',
    files: (count) => (count === 1 ? '1 fitxer' : `${n(count)} fitxers`),
    texts: 'Quins textos',
    pilot: 'Prova prèvia',
    pilotHint:
      'Primer es descriuen uns quants elements repartits per tota la col·lecció. En veureu els textos i sabreu quant trigarà la resta; aleshores decidiu.',
    tryFirst: 'Prova primer uns quants elements',
    pilotItems: 'Elements per provar',
    start: (pilot) =>
      pilot === 0 ? 'Comença' : pilot === 1 ? 'Prova 1 element' : `Prova ${n(pilot)} elements`,
  },
  files: {
    archives: (count) =>
      count === 1
        ? 'S’ha deixat fora 1 arxiu comprimit. Descomprimiu-lo i arrossegueu-ne la carpeta.'
        : `S’han deixat fora ${n(count)} arxius comprimits. Descomprimiu-los i arrossegueu-ne les carpetes.`,
    drop: 'Arrossegueu aquí fitxers o carpetes',
    reading: 'S’està llegint la carpeta…',
    chooseFolder: 'Tria una carpeta',
    leftOut: (count) =>
      count === 1
        ? 'S’ha deixat fora 1 fitxer: no és ni una imatge ni un vídeo.'
        : `S’han deixat fora ${n(count)} fitxers: no són ni imatges ni vídeos.`,
  },
  uploads: {
    lost: 'El servei no respon. La pujada continuarà sola quan respongui.',
    missingFiles: (count) =>
      count === 1
        ? 'Falta 1 fitxer. Torneu a triar-lo, o trieu-ne la carpeta.'
        : `Falten ${n(count)} fitxers. Torneu a triar-los, o trieu-ne la carpeta.`,
    arrived: (count) => (count === 1 ? 'Ha arribat 1 fitxer.' : `Han arribat ${n(count)} fitxers.`),
    noneMissing: 'No falta cap d’aquests fitxers.',
    progress: (sent, total) => `S’estan pujant els fitxers: ${n(sent)} de ${n(total)}`,
    bytes: (sent, total) => `${sent} de ${total}`,
    failed: (count) =>
      count === 1 ? 'No s’ha pogut pujar 1 fitxer' : `No s’han pogut pujar ${n(count)} fitxers`,
    stop: 'Atura la pujada',
    resume: 'Continua la pujada',
    finish: 'Continua sense els fitxers que falten',
    missing:
      'Aquest treball espera fitxers. Torneu a triar els mateixos fitxers o la mateixa carpeta: els que ja han arribat no s’envien dues vegades.',
  },
  pilot: {
    running: (items) =>
      items === 1
        ? 'Prova prèvia: primer es descriu 1 element.'
        : `Prova prèvia: primer es descriuen ${n(items)} elements.`,
    took: (items, time) =>
      items === 1 ? `1 element ha trigat ${time}.` : `${n(items)} elements han trigat ${time}.`,
    failed: (count) => (count === 1 ? 'N’ha fallat 1.' : `N’han fallat ${n(count)}.`),
    rest: (items, time) =>
      items === 1
        ? `El que falta trigarà uns ${time}.`
        : `Els altres ${n(items)} trigaran uns ${time}.`,
    hint: 'Llegiu alguns dels textos de sota i, si us convencen, comenceu la resta.',
  },
  failures: {
    title: (count) => (count === 1 ? 'Ha fallat 1 element' : `Han fallat ${n(count)} elements`),
    show: 'Mostra aquests elements',
    skipped: (count) =>
      count === 1 ? 'S’ha omès 1 entrada de la font' : `S’han omès ${n(count)} entrades de la font`,
  },
  filters: {
    title: 'Filtre',
    choices: {
      all: 'Tots',
      unreviewed: 'Per revisar',
      partly: 'Començats',
      reviewed: 'Revisats',
      edited: 'Editats',
      rejected: 'Rebutjats',
      failed: 'Amb errors',
      person: 'Escrits per una persona',
    },
    count: (count) => n(count),
    search: 'Cerca en textos i registres',
    flag: 'Problema',
    anyFlag: 'Amb problemes o sense',
    flagOf: (name, count) => `${name} (${n(count)})`,
    order: 'Ordre',
    byRisk: 'Primer els més dubtosos',
    byPosition: 'En l’ordre de la font',
    changed: 'Només fitxers modificats',
  },
  grid: {
    title: 'Elements',
    all: (count) => (count === 1 ? '1 element' : `${n(count)} elements`),
    found: (count) => (count === 1 ? 'S’ha trobat 1 element' : `S’han trobat ${n(count)} elements`),
    none: 'Encara no hi ha elements. Apareixeran aquí així que es trobin.',
    noneFound: 'No hi ha cap element que hi coincideixi. Trieu un altre filtre.',
    newResults: (count) =>
      count === 1 ? 'Mostra 1 resultat nou' : `Mostra ${n(count)} resultats nous`,
  },
  marks: {
    queued: 'En cua',
    active: 'En curs',
    failed: 'Amb error',
    unreviewed: 'Per revisar',
    partly: 'Començat',
    reviewed: 'Revisat',
    accepted: 'Acceptat',
    edited: 'Editat',
    rejected: 'Rebutjat',
  },
  flags: {
    blank_picture: 'Imatge buida',
    cut_off: 'Tallat',
    repetition: 'Es repeteix',
    missing_segments: 'Falten segments',
    duplicate: 'El mateix text en altres llocs',
    too_long: 'Massa llarg',
    image_of: 'Comença amb «imatge de»',
    no_full_stop: 'Sense punt final',
    wrong_language: 'Llengua equivocada',
    unsure: 'El model dubta',
  },
  item: {
    previous: 'Anterior',
    next: 'Següent',
    acceptAll: 'Accepta-ho tot i continua',
    last: 'Aquest és l’últim element.',
    first: 'Aquest és el primer element.',
    noTexts: 'Encara no hi ha textos.',
    failed: 'Aquest element no s’ha pogut descriure.',
    noPicture: 'El servei no té cap previsualització d’aquest fitxer.',
    original: 'Obre l’original',
  },
  record: { title: 'Registre', identifier: 'Identificador', source: 'Fitxer' },
  card: {
    draft: 'Text de la màquina',
    newDraft: 'Text nou de la màquina',
    useDraft: 'Edita aquest text',
    save: 'Desa',
    discard: 'Descarta els canvis',
    unsaved: 'Encara no s’ha desat',
    byMachine: (model) => `Escrit per una màquina (${model}).`,
    decided: {
      unreviewed: (name) => `Reobert per ${name}`,
      accepted: (name) => `Acceptat per ${name}`,
      edited: (name) => `Editat per ${name}`,
      rejected: (name) => `Rebutjat per ${name}`,
    },
  },
  decided: {
    accept: (count) =>
      count === 1 ? 'S’ha acceptat 1 text.' : `S’han acceptat ${n(count)} textos.`,
    edit: (count) => (count === 1 ? 'S’ha desat el text.' : `S’han desat ${n(count)} textos.`),
    reject: (count) =>
      count === 1 ? 'S’ha rebutjat 1 text.' : `S’han rebutjat ${n(count)} textos.`,
  },
  conflict: {
    title: (name) => `${name} ha canviat aquest text mentre el teníeu obert.`,
    theirs: 'Text actual',
    mine: 'El vostre text',
    keep: 'Deixa el text com està',
    use: 'Fes servir el vostre text',
  },
  commands: {
    accept: 'Accepta',
    acceptAll: 'Accepta tots els textos i passa al següent element',
    edit: 'Edita',
    reject: 'Rebutja',
    undo: 'Desfés',
    regenerate: 'Torna a escriure',
    next: 'Element següent',
    previous: 'Element anterior',
    textDown: 'Text següent',
    textUp: 'Text anterior',
    back: 'Torna als elements',
    help: 'Dreceres de teclat',
  },
  shortcuts: {
    save: 'Desa el text (mentre s’edita)',
    leave: 'Deixa d’editar',
    or: 'o',
    enabled: 'Les lletres soles són dreceres',
    close: 'Tanca',
  },
  regenerate: {
    title: 'Torna a escriure aquest element',
    explanation:
      'La màquina escriu textos nous. Els que una persona ha acceptat o editat es conserven.',
    hint: 'Pista per a la màquina (opcional)',
    placeholder: 'Un mercat a Girona, cap al 1930',
    queued: 'L’element és a la cua. Els textos nous apareixeran aquí quan estiguin escrits.',
  },
  reviewer: {
    title: 'El vostre nom',
    name: 'Nom',
    hint: 'Es desa amb les vostres decisions, perquè els companys sàpiguen a qui preguntar.',
    cancel: 'Cancel·la',
    save: 'Desa',
    as: (name) => `Reviseu com a ${name}`,
  },
  bulk: {
    accept: 'Accepta tot el que es mostra',
    title: 'Voleu acceptar tots els textos que es mostren?',
    count: (texts, items) => `Textos sense revisar: ${n(texts)}. Elements: ${n(items)}.`,
    none: 'Aquí no hi ha cap text sense revisar.',
    confirm: (texts) => (texts === 1 ? 'Accepta 1 text' : `Accepta ${n(texts)} textos`),
    done: (texts) => (texts === 1 ? 'S’ha acceptat 1 text.' : `S’han acceptat ${n(texts)} textos.`),
    undo: 'Desfés',
    undone: (texts) =>
      texts === 1
        ? '1 text torna a estar per revisar.'
        : `${n(texts)} textos tornen a estar per revisar.`,
  },
  outbox: {
    waiting: (count) =>
      count === 1
        ? '1 decisió encara no s’ha desat al servei. Es conserva en aquest navegador i s’enviarà quan el servei respongui.'
        : `${n(count)} decisions encara no s’han desat al servei. Es conserven en aquest navegador i s’enviaran quan el servei respongui.`,
  },
  exchange: {
    rejected: (count) => (count === 1 ? '1 text rebutjat' : `${n(count)} textos rebutjats`),
    invalid: (count) =>
      count === 1 ? 'No s’ha pogut llegir 1 fila' : `No s’han pogut llegir ${n(count)} files`,
    row: (row) => `Fila ${row}`,
    baseUrl: 'Adreça dels fitxers publicats',
    baseUrlHint:
      'Els fitxers es refereixen els uns als altres per l’adreça on els publicareu, per exemple https://example.org/iiif/',
    export: 'Exporta',
    import: 'Importa',
    exportTitle: (name) => `Exporta «${name}»`,
    format: 'Format de sortida',
    uses: {
      csv: 'Per a fulls de càlcul; es pot tornar a importar',
      xmp: 'Per a programes de fotografia com Lightroom o digiKam',
      jsonl: 'Per a scripts; tot el que sap el servei',
      iiif: 'Per a visors: anotacions i manifest',
      webvtt: 'Per a reproductors: audiodescripció de vídeos',
      'dublin-core': 'Per a Omeka S',
      atom: 'Per a AtoM',
      html: 'Per llegir i imprimir',
      imagefolder: 'Conjunt de dades per entrenar models',
      coco: 'Conjunt de dades per a recerca',
    },
    reviewedOnly: 'Només els textos revisats',
    filteredOnly: 'Només els elements que es mostren',
    download: 'Baixa',
    importTitle: (name) => `Importa a «${name}»`,
    importHint:
      'Trieu un fitxer CSV o JSON Lines exportat d’aquest treball i editat en un altre lloc. Els textos s’hi associen per l’identificador.',
    file: 'Fitxer',
    accepted: (count) => (count === 1 ? '1 text acceptat' : `${n(count)} textos acceptats`),
    edited: (count) => (count === 1 ? '1 text canviat' : `${n(count)} textos canviats`),
    unchanged: (count) => (count === 1 ? '1 text com abans' : `${n(count)} textos com abans`),
    conflicts: (count) =>
      count === 1
        ? '1 text no s’ha importat: una persona l’ha canviat mentrestant'
        : `${n(count)} textos no s’han importat: una persona els ha canviat mentrestant`,
    unknown: (count) =>
      count === 1
        ? '1 fila no és de cap element d’aquest treball'
        : `${n(count)} files no són de cap element d’aquest treball`,
    left: 'Files que no s’han importat',
  },
};
