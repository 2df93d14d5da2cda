import type { Messages } from './en.js';
import { es as jobs } from './jobs/es.js';

/** Spanish. Buttons are infinitives; sentences address the reader as «tú». */
export const es: Messages = {
  header: {
    interfaceLanguage: 'Idioma de la página',
    documentation: 'API',
  },
  service: {
    connecting: 'Conectando con el servicio…',
    loading: (step) => `Preparando el modelo: ${step}…`,
    failed: 'No hay ningún modelo disponible. Avisa a quien administra el servicio.',
    unreachable:
      'El servicio no responde. Puede que se esté reiniciando. Esta página volverá a intentarlo automáticamente.',
    offline: 'Este dispositivo no tiene conexión.',
    ready: 'Listo',
    tryNow: 'Reintentar ahora',
    locked: 'Este servicio necesita una clave de API. Pídela a quien administra el servicio.',
    keyLabel: 'Clave de API',
    useKey: 'Usar esta clave',
    wrongKey: 'Esta clave no es válida, o ha habido demasiados intentos.',
    states: {
      connecting: 'Conectando…',
      loading: 'Preparando…',
      failed: 'Sin modelo',
      locked: 'Falta la clave',
      unreachable: 'Sin respuesta',
    },
    steps: {
      starting: 'iniciando',
      restarting: 'reiniciando',
      converting: 'convirtiendo el checkpoint (solo la primera vez)',
      verifying: 'verificando los archivos',
      loading: 'cargándolo en memoria',
    },
  },
  demo: {
    label: 'Modelo de demostración: solo dibujos',
    text: 'Ante una fotografía responde al azar.',
    realModel: 'Usar el modelo real',
    realModelCommand:
      'Ejecuta este comando en el servidor. Descarga 16 GB, ocupa 6,3 GB de disco en int4 e inicia el servicio:',
    copyCommand: 'Copiar el comando',
  },
  tabs: { title: 'Tareas', captions: 'Pies de imagen', ask: 'Preguntas', jobs: 'Trabajos' },
  jobs,
  media: {
    title: 'Imágenes y vídeos',
    drop: 'Arrastra aquí imágenes o vídeos',
    paste: 'o pégalos, o elige archivos:',
    choose: 'Elegir archivos',
    add: 'Añadir archivos',
    samples: 'Probar con un ejemplo',
    useSample: (name) => `Usar el ejemplo ${name}`,
    remove: (name) => `Quitar ${name}`,
    clear: 'Quitar todo',
    select: (name) => `Mostrar ${name}`,
    dropHere: 'Suelta para añadir',
    tooMany: (limit) => `El límite es de ${limit} archivos. Los demás no se han añadido.`,
    unknownKind: (name) => `No se ha añadido ${name}: no es una imagen ni un vídeo.`,
    noVideos: (name) => `No se ha añadido ${name}: el modelo cargado no admite vídeos.`,
    loading: 'Cargando la vista previa…',
    unreadable: 'Ni este navegador ni el servicio pueden leer este archivo.',
    noPreview: 'Vista previa no disponible. El servicio comprobará si puede leer este archivo.',
    preview: (name) => `Vista previa de ${name}`,
    frames: 'Fotogramas del vídeo',
    frameAt: (time) => `Fotograma en ${time}`,
  },
  report: {
    title: 'Detalles del procesamiento',
    showTiles: 'Mostrar teselas',
    tiles: (tiles) =>
      tiles === 1
        ? '1 tesela: la imagen completa'
        : `${tiles} teselas: la imagen completa y ${tiles - 1} ${tiles === 2 ? 'sección' : 'secciones'}`,
    grid: (rows, columns) => `${rows} × ${columns} teselas`,
    frames: (frames, requested) =>
      frames !== requested
        ? `${frames} de ${requested} fotogramas`
        : frames === 1
          ? '1 fotograma'
          : `${frames} fotogramas`,
    tokensTitle: 'Tokens',
    tokens: (used, limit) => `${used} de ${limit} tokens`,
    tokensOfText: (language, texts) =>
      texts === 1 ? `Texto: ${language}` : `Texto: ${language} (el mayor de ${texts})`,
    tokensOfAnswer: (language) => `Última respuesta: ${language}`,
    tokensPerSegment: 'Media de un texto de un segmento',
    visualTokens: 'Imagen o vídeo',
    textTokens: 'Texto del prompt',
    answerTokens: 'Salida',
    freeTokens: 'Libres',
    timeTitle: 'Tiempo',
    mediaDecode: 'Descodificación del archivo',
    tile: 'División en teselas',
    encode: 'Codificador visual',
    prefill: 'Prompt (prefill)',
    decode: 'Salida (decode)',
    other: 'Espera',
    total: (time) => `${time} en total`,
    model: 'Modelo',
    precision: 'Precisión',
    blank:
      'Esta imagen está vacía: solo muestra un color uniforme. Los textos no describen nada de su contenido.',
    empty: 'Las teselas, los tokens y el tiempo aparecen aquí tras el primer texto.',
  },
  languages: {
    title: 'Idiomas',
    search: 'Buscar idiomas',
    chosen: (count) => (count === 1 ? '1 idioma' : `${count} idiomas`),
    all: 'Todos',
    none: 'Ninguno',
    favorites: 'Favoritos',
    favorite: (name) => `Favorito: ${name}`,
    change: 'Cambiar idiomas',
    showAll: (count) => `Mostrar los ${count}`,
    showFewer: 'Mostrar menos',
    noMatch: 'No se ha encontrado ningún idioma.',
    needOne: 'Elige al menos un idioma.',
    unknown: 'Los idiomas aparecerán aquí cuando haya un modelo listo.',
    remove: (name) => `Quitar ${name}`,
    otherLanguage: 'Puede que el texto esté en otra lengua',
    mixedLanguages: 'Puede que una parte del texto esté en otra lengua',
  },
  captions: {
    kind: 'Tipo de texto',
    kinds: {
      caption: 'Pie de imagen',
      alt: 'Texto alternativo',
      long: 'Descripción',
      keywords: 'Palabras clave',
    },
    detail: 'Detalle',
    details: { low: 'Bajo (1 tesela)', auto: 'Automático', high: 'Alto (máximo de teselas)' },
    granularity: 'Un texto por',
    granularities: { whole: 'Vídeo completo', shot: 'Plano', interval: 'Intervalo' },
    intervalSeconds: 'Intervalo (segundos)',
    frames: 'Fotogramas por texto',
    write: 'Escribir pies de imagen',
    writeAll: (count) => `Escribir los pies de los ${count} archivos`,
    stop: 'Detener',
    again: 'Escribir de nuevo',
    copy: (language) => `Copiar ${language}`,
    copied: 'Copiado',
    copyJson: 'Copiar como JSON',
    downloadVtt: (language) => `Descargar VTT: ${language}`,
    waiting: 'En espera…',
    writing: 'Escribiendo…',
    stopped: 'Detenido',
    incomplete: 'Incompleto',
    repeated: 'Detenido porque el texto empezaba a repetirse',
    remaining: 'Escribir los textos que faltan',
    copyAllJson: (count) => `Copiar los ${count} archivos como JSON`,
    cut: 'Cortado por el límite de longitud',
    empty: 'Añade una imagen o un vídeo, elige idiomas y escribe los pies de imagen.',
    results: 'Pies de imagen',
    segment: (start, end) => `de ${start} a ${end}`,
  },
  ask: {
    question: 'Pregunta',
    placeholder: '¿Qué hay a la izquierda?',
    send: 'Preguntar',
    stop: 'Detener',
    language: 'Idioma de la respuesta',
    you: 'Tú',
    model: 'Modelo',
    edit: 'Editar la pregunta',
    cancelEdit: 'Cancelar',
    regenerate: 'Otra respuesta',
    seed: 'Semilla',
    temperature: 'Temperatura',
    settings: 'Ajustes',
    tokens: 'Mostrar las probabilidades de los tokens',
    tokenProbability: (percent) => `${percent} %`,
    candidates: 'Tokens candidatos',
    clear: 'Nueva conversación',
    empty:
      'Pregunta sobre las imágenes y los vídeos, o sin ellos. El modelo recuerda la conversación.',
    about: (count) =>
      count === 0
        ? 'Sin imágenes ni vídeos'
        : count === 1
          ? 'Sobre 1 archivo'
          : `Sobre ${count} archivos`,
    log: 'Conversación',
    copy: 'Copiar la respuesta',
    editing: 'Si preguntas de nuevo, se borran los turnos posteriores.',
    automatic: 'Automático',
    seedIs: (seed) => `Semilla ${seed}`,
    temperatureIs: (temperature) => `Temperatura ${temperature}`,
    tokenBar: 'Tokens (muévete con las flechas)',
    candidatesOfPart: (part, parts) => `Tokens candidatos, ${part} de ${parts}`,
  },
  upload: {
    progress: (percent) => `Subiendo: ${percent} %`,
    cancel: 'Cancelar',
    processing: 'Procesando…',
  },
  errors: {
    refused: (code) => `El servicio comunica el error ${code}.`,
    offline:
      'No se puede conectar con el servicio. Comprueba que está en marcha e inténtalo de nuevo.',
    interrupted: 'Se ha perdido la conexión. El texto recibido se conserva. Inténtalo de nuevo.',
    unknown:
      'Error inesperado. Inténtalo de nuevo. Si se repite, avisa a quien administra el servicio.',
    retry: 'Reintentar',
    amounts: {
      pixels: (amount) => `${amount} píxeles`,
      side: (amount) => `${amount} píxeles por lado`,
      channels: (amount) => `${amount} canales`,
      streams: (amount) => `${amount} pistas`,
      tokens: (amount) => `${amount} tokens`,
      files: (amount) => `${amount} archivos`,
    },
    limit: (limit) => `límite: ${limit}`,
    range: (least, most) => `permitido: de ${least} a ${most}`,
    byCode: {
      UNAUTHENTICATED:
        'El servicio pide una clave que esta página no tiene. Contacta con quien lo administra.',
      FORBIDDEN: 'El servicio no permite esta acción. Contacta con quien lo administra.',
      NOT_FOUND: 'Ya no existe, o no ha existido nunca. Vuelve atrás y recarga la página.',
      MEDIA_URL_REJECTED:
        'El servicio no descarga archivos de esta dirección. Usa una dirección que permita quien lo administra.',
      MEDIA_FETCH_FAILED:
        'El servicio no ha podido descargar el archivo de su dirección. Comprueba la dirección e inténtalo de nuevo.',
      REVIEW_CONFLICT: 'Otra persona lo ha cambiado entretanto. Recarga para ver el cambio.',
      RATE_LIMITED:
        'Demasiadas peticiones o archivos a la vez. Espera un momento e inténtalo de nuevo.',
      INVALID_REQUEST: 'Petición no válida. Revisa los ajustes e inténtalo de nuevo.',
      INVALID_PARAMETER: 'Ajuste no válido{facts}. Cámbialo e inténtalo de nuevo.',
      UNKNOWN_FIELD:
        'Esta página y el servicio tienen versiones distintas. Vuelve a cargar la página.',
      MULTIPART_MALFORMED: 'El archivo ha llegado dañado. Súbelo de nuevo.',
      CONTEXT_LENGTH_EXCEEDED:
        'La entrada es demasiado larga para el modelo{facts}. Usa menos archivos o empieza una conversación nueva.',
      REQUEST_TIMEOUT:
        'La subida ha tardado demasiado. Inténtalo de nuevo o usa un archivo más pequeño.',
      PAYLOAD_TOO_LARGE: 'El archivo es demasiado grande{facts}. Comprímelo o acórtalo.',
      TOO_MANY_PARTS: 'Demasiados archivos{facts}. Quita algunos.',
      UNSUPPORTED_MEDIA_TYPE:
        'Tipo de archivo no compatible. Usa JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC, JPEG 2000 o un formato de vídeo habitual, como MP4.',
      UNSUPPORTED_FEATURE:
        'El archivo usa una opción de su formato que no es compatible. Guárdalo como JPEG, PNG o TIFF sencillo.',
      MEDIA_EMPTY: 'El archivo está vacío. Elige otro.',
      MEDIA_CORRUPT: 'El archivo está dañado o incompleto. Expórtalo de nuevo o elige otro.',
      MEDIA_TOO_LARGE:
        'La imagen o el vídeo es demasiado grande{facts}. Reduce su tamaño o acórtalo.',
      MEDIA_TOO_EXPENSIVE:
        'Descodificar este archivo requiere demasiado tiempo o memoria. Reduce su tamaño o acórtalo.',
      NO_VIDEO_STREAM: 'Este archivo no contiene vídeo. Elige otro.',
      UNSUPPORTED_CODEC: 'Códec de vídeo no compatible. Convierte el vídeo a H.264.',
      NO_DECODABLE_FRAME:
        'No se ha podido descodificar ningún fotograma del vídeo. Conviértelo a H.264 o elige otro.',
      VIDEO_UNAVAILABLE:
        'El servicio no puede leer vídeos porque ffmpeg no está instalado. Avisa a quien lo administra.',
      QUEUE_FULL: 'El servicio está ocupado. Inténtalo de nuevo en un momento.',
      SHUTTING_DOWN: 'El servicio se está deteniendo. Inténtalo más tarde.',
      MODEL_NOT_READY: 'El modelo aún no está listo. Inténtalo de nuevo en un momento.',
      MODEL_INVALID: 'El modelo del servicio no es válido. Avisa a quien lo administra.',
      MODEL_NOT_FOUND: 'El modelo del servicio no está instalado. Avisa a quien lo administra.',
      MODEL_LOAD_FAILED: 'El modelo del servicio no se puede cargar. Avisa a quien lo administra.',
      DEADLINE_EXCEEDED:
        'La petición ha superado el límite de tiempo{facts}. Elige menos idiomas o archivos.',
      STORAGE_FULL:
        'El servicio no tiene espacio en disco para este archivo. Inténtalo más tarde o usa un archivo más pequeño.',
      STORAGE_UNAVAILABLE:
        'El servicio no puede guardar archivos en este momento. Inténtalo más tarde o contacta con quien lo administra.',
    },
  },
};
