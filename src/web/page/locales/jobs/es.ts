import type { JobMessages } from './en.js';

const numbers = new Intl.NumberFormat('es');
const n = (value: number) => numbers.format(value);

/** Spanish: see `../es.ts` for its style. */
export const es: JobMessages = {
  crumbs: 'Ruta',
  states: {
    active: 'En curso',
    waiting: 'En espera',
    pilot: 'Prueba terminada',
    paused: 'En pausa',
    cancelling: 'Cancelando…',
    cancelled: 'Cancelado',
    done: 'Terminado',
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
    listing: (found) => `Leyendo la fuente: ${n(found)} elementos hasta ahora`,
    failed: (count) => (count === 1 ? '1 con error' : `${n(count)} con errores`),
    skipped: (count) => (count === 1 ? '1 omitido' : `${n(count)} omitidos`),
    perHour: (count) => `${n(count)} por hora`,
    left: (time) => `faltan unos ${time}`,
  },
  actions: {
    pause: 'Pausar',
    resume: 'Reanudar',
    startRest: 'Empezar el resto',
    retry: 'Reintentar los fallidos',
    cancel: 'Cancelar el trabajo',
    delete: 'Eliminar el trabajo',
    keep: 'Dejarlo como está',
    confirm: {
      cancel: (name) => `¿Cancelar «${name}»?`,
      delete: (name) => `¿Eliminar «${name}»?`,
    },
    consequence: {
      cancel:
        'Los elementos pendientes se quedarán sin texto. Los textos ya escritos se conservan.',
      delete:
        'Se eliminarán todos los textos y revisiones de este trabajo. Tus archivos no se tocan.',
    },
  },
  list: {
    title: 'Trabajos',
    create: 'Nuevo trabajo',
    empty: 'Todavía no hay trabajos',
    emptyHint:
      'Un trabajo describe una colección entera; después revisas los textos y los exportas.',
    created: (time) => `Creado el ${time}`,
    batch: 'Lote de OpenAI',
  },
  create: {
    what: 'Qué hay que describir',
    sources: {
      uploads: 'Archivos de este ordenador',
      folder: 'Carpeta del servidor',
      table: 'Tabla CSV del servidor',
      iiif: 'Dirección IIIF',
    },
    locations: {
      folder: 'Ruta de la carpeta',
      table: 'Ruta de la tabla',
      iiif: 'Dirección del manifiesto o de la colección',
    },
    locationHints: {
      folder: 'Por ejemplo /archivo/fotos. Los archivos se leen donde están y nunca se modifican.',
      table:
        'Por ejemplo /archivo/fotos.csv: una fila por imagen, con una columna para la ruta o la URL.',
      iiif: 'Por ejemplo https://example.org/manifest.json',
    },
    missing: {
      uploads: 'Arrastra archivos o elige una carpeta.',
      folder: 'Escribe la ruta de la carpeta.',
      table: 'Escribe la ruta de la tabla.',
      iiif: 'Escribe la dirección.',
    },
    name: 'Nombre',
    nameHint: 'Opcional. Si no le pones ninguno, el trabajo lleva el nombre de la fuente.',
    files: (count) => (count === 1 ? '1 archivo' : `${n(count)} archivos`),
    texts: 'Qué textos',
    pilot: 'Prueba previa',
    pilotHint:
      'Primero se describen unos cuantos elementos repartidos por toda la colección. Verás los textos y cuánto tardará el resto; entonces decides.',
    tryFirst: 'Probar antes unos cuantos elementos',
    pilotItems: 'Elementos de prueba',
    start: (pilot) =>
      pilot === 0 ? 'Empezar' : pilot === 1 ? 'Probar 1 elemento' : `Probar ${n(pilot)} elementos`,
  },
  files: {
    archives: (count) =>
      count === 1
        ? 'Se ha dejado fuera 1 archivo comprimido. Descomprímelo y arrastra la carpeta.'
        : `Se han dejado fuera ${n(count)} archivos comprimidos. Descomprímelos y arrastra las carpetas.`,
    drop: 'Arrastra aquí archivos o carpetas',
    reading: 'Leyendo la carpeta…',
    chooseFolder: 'Elegir una carpeta',
    leftOut: (count) =>
      count === 1
        ? 'Se ha dejado fuera 1 archivo: no es una imagen ni un vídeo.'
        : `Se han dejado fuera ${n(count)} archivos: no son imágenes ni vídeos.`,
  },
  uploads: {
    lost: 'El servicio no responde. La subida continuará sola cuando responda.',
    missingFiles: (count) =>
      count === 1
        ? 'Falta 1 archivo. Vuelve a elegirlo, o elige su carpeta.'
        : `Faltan ${n(count)} archivos. Vuelve a elegirlos, o elige su carpeta.`,
    arrived: (count) =>
      count === 1 ? 'Ha llegado 1 archivo.' : `Han llegado ${n(count)} archivos.`,
    noneMissing: 'Ninguno de estos archivos falta.',
    progress: (sent, total) => `Subiendo archivos: ${n(sent)} de ${n(total)}`,
    bytes: (sent, total) => `${sent} de ${total}`,
    failed: (count) =>
      count === 1
        ? 'No se ha podido subir 1 archivo'
        : `No se han podido subir ${n(count)} archivos`,
    stop: 'Detener la subida',
    resume: 'Continuar la subida',
    finish: 'Seguir sin los archivos que faltan',
    missing:
      'Este trabajo espera archivos. Vuelve a elegir los mismos archivos o la misma carpeta: los que ya han llegado no se envían dos veces.',
  },
  pilot: {
    running: (items) =>
      items === 1
        ? 'Prueba previa: primero se describe 1 elemento.'
        : `Prueba previa: primero se describen ${n(items)} elementos.`,
    took: (items, time) =>
      items === 1 ? `1 elemento ha tardado ${time}.` : `${n(items)} elementos han tardado ${time}.`,
    failed: (count) => (count === 1 ? 'Ha fallado 1.' : `Han fallado ${n(count)}.`),
    rest: (items, time) =>
      items === 1
        ? `El que falta tardará unos ${time}.`
        : `Los otros ${n(items)} tardarán unos ${time}.`,
    hint: 'Lee algunos de los textos de abajo y, si te convencen, empieza el resto.',
  },
  failures: {
    title: (count) => (count === 1 ? 'Ha fallado 1 elemento' : `Han fallado ${n(count)} elementos`),
    show: 'Mostrar estos elementos',
    skipped: (count) =>
      count === 1
        ? 'Se ha omitido 1 entrada de la fuente'
        : `Se han omitido ${n(count)} entradas de la fuente`,
  },
  filters: {
    title: 'Filtro',
    choices: {
      all: 'Todos',
      unreviewed: 'Por revisar',
      partly: 'Empezados',
      reviewed: 'Revisados',
      edited: 'Editados',
      rejected: 'Rechazados',
      failed: 'Con errores',
      person: 'Escritos por una persona',
    },
    count: (count) => n(count),
    search: 'Buscar en textos y registros',
    flag: 'Problema',
    anyFlag: 'Con o sin problemas',
    flagOf: (name, count) => `${name} (${n(count)})`,
    order: 'Orden',
    byRisk: 'Primero los más dudosos',
    byPosition: 'En el orden de la fuente',
    changed: 'Solo archivos modificados',
  },
  grid: {
    title: 'Elementos',
    all: (count) => (count === 1 ? '1 elemento' : `${n(count)} elementos`),
    found: (count) =>
      count === 1 ? 'Se ha encontrado 1 elemento' : `Se han encontrado ${n(count)} elementos`,
    none: 'Todavía no hay elementos. Aparecerán aquí en cuanto se encuentren.',
    noneFound: 'Ningún elemento coincide. Elige otro filtro.',
    newResults: (count) =>
      count === 1 ? 'Mostrar 1 resultado nuevo' : `Mostrar ${n(count)} resultados nuevos`,
  },
  marks: {
    queued: 'En cola',
    active: 'En curso',
    failed: 'Con error',
    unreviewed: 'Por revisar',
    partly: 'Empezado',
    reviewed: 'Revisado',
    accepted: 'Aceptado',
    edited: 'Editado',
    rejected: 'Rechazado',
  },
  flags: {
    blank_picture: 'Imagen vacía',
    cut_off: 'Cortado',
    repetition: 'Se repite',
    missing_segments: 'Faltan segmentos',
    duplicate: 'El mismo texto en otros sitios',
    too_long: 'Demasiado largo',
    image_of: 'Empieza por «imagen de»',
    no_full_stop: 'Sin punto final',
    wrong_language: 'Idioma equivocado',
    unsure: 'El modelo duda',
  },
  item: {
    previous: 'Anterior',
    next: 'Siguiente',
    acceptAll: 'Aceptar todo y seguir',
    last: 'Este es el último elemento.',
    first: 'Este es el primer elemento.',
    noTexts: 'Todavía no hay textos.',
    failed: 'Este elemento no se ha podido describir.',
    noPicture: 'El servicio no tiene ninguna vista previa de este archivo.',
    original: 'Abrir el original',
  },
  record: { title: 'Registro', identifier: 'Identificador', source: 'Archivo' },
  card: {
    draft: 'Texto de la máquina',
    newDraft: 'Texto nuevo de la máquina',
    useDraft: 'Editar este texto',
    save: 'Guardar',
    discard: 'Descartar los cambios',
    unsaved: 'Sin guardar',
    byMachine: (model) => `Escrito por una máquina (${model}).`,
    decided: {
      unreviewed: (name) => `Reabierto por ${name}`,
      accepted: (name) => `Aceptado por ${name}`,
      edited: (name) => `Editado por ${name}`,
      rejected: (name) => `Rechazado por ${name}`,
    },
  },
  decided: {
    accept: (count) =>
      count === 1 ? 'Se ha aceptado 1 texto.' : `Se han aceptado ${n(count)} textos.`,
    edit: (count) => (count === 1 ? 'Texto guardado.' : `Se han guardado ${n(count)} textos.`),
    reject: (count) =>
      count === 1 ? 'Se ha rechazado 1 texto.' : `Se han rechazado ${n(count)} textos.`,
  },
  conflict: {
    title: (name) => `${name} ha cambiado este texto mientras lo tenías abierto.`,
    theirs: 'Texto actual',
    mine: 'Tu texto',
    keep: 'Dejar el texto como está',
    use: 'Usar tu texto',
  },
  commands: {
    accept: 'Aceptar',
    acceptAll: 'Aceptar todos los textos y pasar al siguiente elemento',
    edit: 'Editar',
    reject: 'Rechazar',
    undo: 'Deshacer',
    regenerate: 'Escribir de nuevo',
    next: 'Elemento siguiente',
    previous: 'Elemento anterior',
    textDown: 'Texto siguiente',
    textUp: 'Texto anterior',
    back: 'Volver a los elementos',
    help: 'Atajos de teclado',
  },
  shortcuts: {
    save: 'Guardar el texto (al editar)',
    leave: 'Dejar de editar',
    or: 'o',
    enabled: 'Las letras sueltas son atajos',
    close: 'Cerrar',
  },
  regenerate: {
    title: 'Escribir de nuevo este elemento',
    explanation:
      'La máquina escribe textos nuevos. Los que una persona ha aceptado o editado se conservan.',
    hint: 'Pista para la máquina (opcional)',
    placeholder: 'Un mercado en Girona, hacia 1930',
    queued: 'El elemento está en cola. Los textos nuevos aparecerán aquí cuando estén escritos.',
  },
  reviewer: {
    title: 'Tu nombre',
    name: 'Nombre',
    hint: 'Se guarda con tus decisiones, para que tus compañeros sepan a quién preguntar.',
    cancel: 'Cancelar',
    save: 'Guardar',
    as: (name) => `Revisas como ${name}`,
  },
  bulk: {
    accept: 'Aceptar todo lo mostrado',
    title: '¿Aceptar todos los textos mostrados?',
    count: (texts, items) => `Textos sin revisar: ${n(texts)}. Elementos: ${n(items)}.`,
    none: 'Aquí no hay textos sin revisar.',
    confirm: (texts) => (texts === 1 ? 'Aceptar 1 texto' : `Aceptar ${n(texts)} textos`),
    done: (texts) =>
      texts === 1 ? 'Se ha aceptado 1 texto.' : `Se han aceptado ${n(texts)} textos.`,
    undo: 'Deshacer',
    undone: (texts) =>
      texts === 1
        ? '1 texto vuelve a estar por revisar.'
        : `${n(texts)} textos vuelven a estar por revisar.`,
  },
  outbox: {
    waiting: (count) =>
      count === 1
        ? '1 decisión aún no está guardada en el servicio. Se conserva en este navegador y se enviará cuando el servicio responda.'
        : `${n(count)} decisiones aún no están guardadas en el servicio. Se conservan en este navegador y se enviarán cuando el servicio responda.`,
  },
  exchange: {
    rejected: (count) => (count === 1 ? '1 texto rechazado' : `${n(count)} textos rechazados`),
    invalid: (count) =>
      count === 1 ? 'No se ha podido leer 1 fila' : `No se han podido leer ${n(count)} filas`,
    row: (row) => `Fila ${row}`,
    baseUrl: 'Dirección de los archivos publicados',
    baseUrlHint:
      'Los archivos se refieren unos a otros por la dirección donde los publicarás, por ejemplo https://example.org/iiif/',
    export: 'Exportar',
    import: 'Importar',
    exportTitle: (name) => `Exportar «${name}»`,
    format: 'Formato',
    uses: {
      csv: 'Para hojas de cálculo; se puede volver a importar',
      xmp: 'Para programas de fotografía como Lightroom o digiKam',
      jsonl: 'Para scripts; todo lo que sabe el servicio',
      iiif: 'Para visores: anotaciones y manifiesto',
      webvtt: 'Para reproductores: audiodescripción de vídeos',
      'dublin-core': 'Para Omeka S',
      atom: 'Para AtoM',
      html: 'Para leer e imprimir',
      imagefolder: 'Conjunto de datos para entrenar modelos',
      coco: 'Conjunto de datos para investigación',
    },
    reviewedOnly: 'Solo los textos revisados',
    filteredOnly: 'Solo los elementos mostrados',
    download: 'Descargar',
    importTitle: (name) => `Importar en «${name}»`,
    importHint:
      'Elige un archivo CSV o JSON Lines exportado de este trabajo y editado en otro sitio. Los textos se asocian por el identificador.',
    file: 'Archivo',
    accepted: (count) => (count === 1 ? '1 texto aceptado' : `${n(count)} textos aceptados`),
    edited: (count) => (count === 1 ? '1 texto cambiado' : `${n(count)} textos cambiados`),
    unchanged: (count) => (count === 1 ? '1 texto como antes' : `${n(count)} textos como antes`),
    conflicts: (count) =>
      count === 1
        ? '1 texto no se ha importado: una persona lo ha cambiado entretanto'
        : `${n(count)} textos no se han importado: una persona los ha cambiado entretanto`,
    unknown: (count) =>
      count === 1
        ? '1 fila no es de ningún elemento de este trabajo'
        : `${n(count)} filas no son de ningún elemento de este trabajo`,
    left: 'Filas que no se han importado',
  },
};
