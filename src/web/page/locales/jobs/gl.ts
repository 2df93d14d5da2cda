import type { JobMessages } from './en.js';

const numbers = new Intl.NumberFormat('gl');
const n = (value: number) => numbers.format(value);

/** Galician: see `../gl.ts` for its style. */
export const gl: JobMessages = {
  crumbs: 'Ruta',
  states: {
    active: 'En curso',
    waiting: 'En espera',
    pilot: 'Proba rematada',
    paused: 'En pausa',
    cancelling: 'Cancelando…',
    cancelled: 'Cancelado',
    done: 'Rematado',
    deleting: 'Eliminando…',
  },
  duration: {
    seconds: (count) => (count === 1 ? '1 segundo' : `${n(count)} segundos`),
    minutes: (count) => (count === 1 ? '1 minuto' : `${n(count)} minutos`),
    hours: (count) => (count === 1 ? '1 hora' : `${n(count)} horas`),
    days: (count) => (count === 1 ? '1 día' : `${n(count)} días`),
  },
  progress: {
    of: (ended, total) => `${n(ended)} de ${n(total)} elementos`,
    listing: (found) => `Lendo a fonte: ${n(found)} elementos ata agora`,
    failed: (count) => (count === 1 ? '1 con erro' : `${n(count)} con erros`),
    skipped: (count) => (count === 1 ? '1 omitido' : `${n(count)} omitidos`),
    perHour: (count) => `${n(count)} por hora`,
    left: (time) => `faltan uns ${time}`,
  },
  actions: {
    pause: 'Pausar',
    resume: 'Continuar',
    startRest: 'Comezar o resto',
    retry: 'Probar de novo os que fallaron',
    cancel: 'Cancelar o traballo',
    delete: 'Eliminar o traballo',
    keep: 'Deixalo como está',
    confirm: {
      cancel: (name) => `Cancelar «${name}»?`,
      delete: (name) => `Eliminar «${name}»?`,
    },
    consequence: {
      cancel: 'Os elementos pendentes quedarán sen texto. Os textos xa escritos consérvanse.',
      delete:
        'Eliminaranse todos os textos e revisións deste traballo. Os teus ficheiros non se tocan.',
    },
  },
  list: {
    title: 'Traballos',
    create: 'Novo traballo',
    empty: 'Aínda non hai traballos',
    emptyHint:
      'Un traballo describe unha colección enteira; despois revisas os textos e expórtalos.',
    created: (time) => `Creado o ${time}`,
    batch: 'Lote de OpenAI',
  },
  create: {
    what: 'Que hai que describir',
    sources: {
      uploads: 'Ficheiros deste ordenador',
      folder: 'Cartafol do servidor',
      table: 'Táboa CSV do servidor',
      iiif: 'Enderezo IIIF',
    },
    locations: {
      folder: 'Ruta do cartafol',
      table: 'Ruta da táboa',
      iiif: 'Enderezo do manifesto ou da colección',
    },
    locationHints: {
      folder: 'Por exemplo /arquivo/fotos. Os ficheiros lense onde están e nunca se modifican.',
      table:
        'Por exemplo /arquivo/fotos.csv: unha fila por imaxe, cunha columna para a ruta ou o URL.',
      iiif: 'Por exemplo https://example.org/manifest.json',
    },
    missing: {
      uploads: 'Arrastra ficheiros ou escolle un cartafol.',
      folder: 'Escribe a ruta do cartafol.',
      table: 'Escribe a ruta da táboa.',
      iiif: 'Escribe o enderezo.',
    },
    name: 'Nome',
    nameHint: 'Opcional. Se non lle pos ningún, o traballo leva o nome da fonte.',
    files: (count) => (count === 1 ? '1 ficheiro' : `${n(count)} ficheiros`),
    texts: 'Que textos',
    pilot: 'Proba previa',
    pilotHint:
      'Primeiro descríbense uns cantos elementos repartidos por toda a colección. Verás os textos e canto tardará o resto; daquela decides.',
    tryFirst: 'Probar antes uns cantos elementos',
    pilotItems: 'Elementos de proba',
    start: (pilot) =>
      pilot === 0 ? 'Comezar' : pilot === 1 ? 'Probar 1 elemento' : `Probar ${n(pilot)} elementos`,
  },
  files: {
    archives: (count) =>
      count === 1
        ? 'Deixouse fóra 1 ficheiro comprimido. Descomprímeo e arrastra o cartafol.'
        : `Deixáronse fóra ${n(count)} ficheiros comprimidos. Descomprímeos e arrastra os cartafoles.`,
    drop: 'Arrastra aquí ficheiros ou cartafoles',
    reading: 'Lendo o cartafol…',
    chooseFolder: 'Escoller un cartafol',
    leftOut: (count) =>
      count === 1
        ? 'Deixouse fóra 1 ficheiro: non é unha imaxe nin un vídeo.'
        : `Deixáronse fóra ${n(count)} ficheiros: non son imaxes nin vídeos.`,
  },
  uploads: {
    lost: 'O servizo non responde. A subida continuará soa cando responda.',
    missingFiles: (count) =>
      count === 1
        ? 'Falta 1 ficheiro. Escólleo outra vez, ou escolle o seu cartafol.'
        : `Faltan ${n(count)} ficheiros. Escólleos outra vez, ou escolle o seu cartafol.`,
    arrived: (count) => (count === 1 ? 'Chegou 1 ficheiro.' : `Chegaron ${n(count)} ficheiros.`),
    noneMissing: 'Non falta ningún destes ficheiros.',
    progress: (sent, total) => `Subindo ficheiros: ${n(sent)} de ${n(total)}`,
    bytes: (sent, total) => `${sent} de ${total}`,
    failed: (count) =>
      count === 1 ? 'Non se puido subir 1 ficheiro' : `Non se puideron subir ${n(count)} ficheiros`,
    stop: 'Deter a subida',
    resume: 'Continuar a subida',
    finish: 'Seguir sen os ficheiros que faltan',
    missing:
      'Este traballo agarda ficheiros. Escolle outra vez os mesmos ficheiros ou o mesmo cartafol: os que xa chegaron non se envían dúas veces.',
  },
  pilot: {
    running: (items) =>
      items === 1
        ? 'Proba previa: primeiro descríbese 1 elemento.'
        : `Proba previa: primeiro descríbense ${n(items)} elementos.`,
    took: (items, time) =>
      items === 1 ? `1 elemento tardou ${time}.` : `${n(items)} elementos tardaron ${time}.`,
    failed: (count) => (count === 1 ? 'Fallou 1.' : `Fallaron ${n(count)}.`),
    rest: (items, time) =>
      items === 1
        ? `O que falta tardará uns ${time}.`
        : `Os outros ${n(items)} tardarán uns ${time}.`,
    hint: 'Le algúns dos textos de abaixo e, se te convencen, comeza o resto.',
  },
  failures: {
    title: (count) => (count === 1 ? 'Fallou 1 elemento' : `Fallaron ${n(count)} elementos`),
    show: 'Amosar estes elementos',
    skipped: (count) =>
      count === 1 ? 'Omitiuse 1 entrada da fonte' : `Omitíronse ${n(count)} entradas da fonte`,
  },
  filters: {
    title: 'Filtro',
    choices: {
      all: 'Todos',
      unreviewed: 'Por revisar',
      partly: 'Comezados',
      reviewed: 'Revisados',
      edited: 'Editados',
      rejected: 'Rexeitados',
      failed: 'Con erros',
      person: 'Escritos por unha persoa',
    },
    count: (count) => n(count),
    search: 'Buscar en textos e rexistros',
    flag: 'Problema',
    anyFlag: 'Con ou sen problemas',
    flagOf: (name, count) => `${name} (${n(count)})`,
    order: 'Orde',
    byRisk: 'Primeiro os máis dubidosos',
    byPosition: 'Na orde da fonte',
    changed: 'Só ficheiros modificados',
  },
  grid: {
    title: 'Elementos',
    all: (count) => (count === 1 ? '1 elemento' : `${n(count)} elementos`),
    found: (count) => (count === 1 ? 'Atopouse 1 elemento' : `Atopáronse ${n(count)} elementos`),
    none: 'Aínda non hai elementos. Aparecerán aquí en canto se atopen.',
    noneFound: 'Non coincide ningún elemento. Escolle outro filtro.',
    newResults: (count) =>
      count === 1 ? 'Amosar 1 resultado novo' : `Amosar ${n(count)} resultados novos`,
  },
  marks: {
    queued: 'Na cola',
    active: 'En curso',
    failed: 'Con erro',
    unreviewed: 'Por revisar',
    partly: 'Comezado',
    reviewed: 'Revisado',
    accepted: 'Aceptado',
    edited: 'Editado',
    rejected: 'Rexeitado',
  },
  flags: {
    blank_picture: 'Imaxe baleira',
    cut_off: 'Cortado',
    repetition: 'Repítese',
    missing_segments: 'Faltan segmentos',
    duplicate: 'O mesmo texto noutros sitios',
    too_long: 'Longo de máis',
    image_of: 'Comeza por «imaxe de»',
    no_full_stop: 'Sen punto final',
    wrong_language: 'Lingua equivocada',
    unsure: 'O modelo dubida',
  },
  item: {
    previous: 'Anterior',
    next: 'Seguinte',
    acceptAll: 'Aceptar todo e seguir',
    last: 'Este é o último elemento.',
    first: 'Este é o primeiro elemento.',
    noTexts: 'Aínda non hai textos.',
    failed: 'Este elemento non se puido describir.',
    noPicture: 'O servizo non ten ningunha vista previa deste ficheiro.',
    original: 'Abrir o orixinal',
  },
  record: { title: 'Rexistro', identifier: 'Identificador', source: 'Ficheiro' },
  card: {
    draft: 'Texto da máquina',
    newDraft: 'Texto novo da máquina',
    useDraft: 'Editar este texto',
    save: 'Gardar',
    discard: 'Descartar os cambios',
    unsaved: 'Sen gardar',
    byMachine: (model) => `Escrito por unha máquina (${model}).`,
    decided: {
      unreviewed: (name) => `Reaberto por ${name}`,
      accepted: (name) => `Aceptado por ${name}`,
      edited: (name) => `Editado por ${name}`,
      rejected: (name) => `Rexeitado por ${name}`,
    },
  },
  decided: {
    accept: (count) => (count === 1 ? 'Aceptouse 1 texto.' : `Aceptáronse ${n(count)} textos.`),
    edit: (count) => (count === 1 ? 'Texto gardado.' : `Gardáronse ${n(count)} textos.`),
    reject: (count) => (count === 1 ? 'Rexeitouse 1 texto.' : `Rexeitáronse ${n(count)} textos.`),
  },
  conflict: {
    title: (name) => `${name} cambiou este texto mentres o tiñas aberto.`,
    theirs: 'Texto actual',
    mine: 'O teu texto',
    keep: 'Deixar o texto como está',
    use: 'Usar o teu texto',
  },
  commands: {
    accept: 'Aceptar',
    acceptAll: 'Aceptar todos os textos e pasar ao seguinte elemento',
    edit: 'Editar',
    reject: 'Rexeitar',
    undo: 'Desfacer',
    regenerate: 'Escribir de novo',
    next: 'Elemento seguinte',
    previous: 'Elemento anterior',
    textDown: 'Texto seguinte',
    textUp: 'Texto anterior',
    back: 'Volver aos elementos',
    help: 'Atallos de teclado',
  },
  shortcuts: {
    save: 'Gardar o texto (ao editar)',
    leave: 'Deixar de editar',
    or: 'ou',
    enabled: 'As letras soas son atallos',
    close: 'Pechar',
  },
  regenerate: {
    title: 'Escribir de novo este elemento',
    explanation:
      'A máquina escribe textos novos. Os que unha persoa aceptou ou editou consérvanse.',
    hint: 'Pista para a máquina (opcional)',
    placeholder: 'Un mercado en Girona, cara a 1930',
    queued: 'O elemento está na cola. Os textos novos aparecerán aquí cando estean escritos.',
  },
  reviewer: {
    title: 'O teu nome',
    name: 'Nome',
    hint: 'Gárdase coas túas decisións, para que os teus compañeiros saiban a quen preguntar.',
    cancel: 'Cancelar',
    save: 'Gardar',
    as: (name) => `Revisas como ${name}`,
  },
  bulk: {
    accept: 'Aceptar todo o que se amosa',
    title: 'Aceptar todos os textos que se amosan?',
    count: (texts, items) => `Textos sen revisar: ${n(texts)}. Elementos: ${n(items)}.`,
    none: 'Aquí non hai textos sen revisar.',
    confirm: (texts) => (texts === 1 ? 'Aceptar 1 texto' : `Aceptar ${n(texts)} textos`),
    done: (texts) => (texts === 1 ? 'Aceptouse 1 texto.' : `Aceptáronse ${n(texts)} textos.`),
    undo: 'Desfacer',
    undone: (texts) =>
      texts === 1
        ? '1 texto volve estar por revisar.'
        : `${n(texts)} textos volven estar por revisar.`,
  },
  outbox: {
    waiting: (count) =>
      count === 1
        ? '1 decisión aínda non está gardada no servizo. Consérvase neste navegador e enviarase cando o servizo responda.'
        : `${n(count)} decisións aínda non están gardadas no servizo. Consérvanse neste navegador e enviaranse cando o servizo responda.`,
  },
  exchange: {
    rejected: (count) => (count === 1 ? '1 texto rexeitado' : `${n(count)} textos rexeitados`),
    invalid: (count) =>
      count === 1 ? 'Non se puido ler 1 fila' : `Non se puideron ler ${n(count)} filas`,
    row: (row) => `Fila ${row}`,
    baseUrl: 'Enderezo dos ficheiros publicados',
    baseUrlHint:
      'Os ficheiros refírense uns a outros polo enderezo onde os publicarás, por exemplo https://example.org/iiif/',
    export: 'Exportar',
    import: 'Importar',
    exportTitle: (name) => `Exportar «${name}»`,
    format: 'Formato',
    uses: {
      csv: 'Para follas de cálculo; pódese volver importar',
      xmp: 'Para programas de fotografía como Lightroom ou digiKam',
      jsonl: 'Para scripts; todo o que sabe o servizo',
      iiif: 'Para visores: anotacións e manifesto',
      webvtt: 'Para reprodutores: audiodescrición de vídeos',
      'dublin-core': 'Para Omeka S',
      atom: 'Para AtoM',
      html: 'Para ler e imprimir',
      imagefolder: 'Conxunto de datos para adestrar modelos',
      coco: 'Conxunto de datos para investigación',
    },
    reviewedOnly: 'Só os textos revisados',
    filteredOnly: 'Só os elementos que se amosan',
    download: 'Descargar',
    importTitle: (name) => `Importar en «${name}»`,
    importHint:
      'Escolle un ficheiro CSV ou JSON Lines exportado deste traballo e editado noutro sitio. Os textos asócianse polo identificador.',
    file: 'Ficheiro',
    accepted: (count) => (count === 1 ? '1 texto aceptado' : `${n(count)} textos aceptados`),
    edited: (count) => (count === 1 ? '1 texto cambiado' : `${n(count)} textos cambiados`),
    unchanged: (count) => (count === 1 ? '1 texto como antes' : `${n(count)} textos como antes`),
    conflicts: (count) =>
      count === 1
        ? '1 texto non se importou: unha persoa cambiouno mentres tanto'
        : `${n(count)} textos non se importaron: unha persoa cambiounos mentres tanto`,
    unknown: (count) =>
      count === 1
        ? '1 fila non é de ningún elemento deste traballo'
        : `${n(count)} filas non son de ningún elemento deste traballo`,
    left: 'Filas que non se importaron',
  },
};
