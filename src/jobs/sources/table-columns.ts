import { SalamandraError } from '../../errors/salamandra-error.js';
import { judgeFileName } from './media-names.js';
import type { TableSpec } from './source.js';

/** Column names for the identifier of a record, as `normalize` writes them, the surest first. */
const IDENTIFIER_NAMES = [
  ...['identifier', 'dcidentifier', 'dctermsidentifier', 'inventorynumber', 'inventoryno'],
  ...['accessionnumber', 'accessionno', 'objectnumber', 'objectid', 'itemid', 'recordid', 'uuid'],
  ...['callnumber', 'shelfmark', 'signatura', 'signature', 'signatur', 'cote', 'topografic'],
  ...['numinventari', 'numeroinventari', 'numerodinventari', 'numeroinventario', 'numinventario'],
  ...['numerodeinventario', 'numerodinventaire', 'inventarnummer', 'inventarisnummer'],
  ...['inventarienummer', 'inventaario', 'numerregistre', 'numeroregistre', 'numeroregistro'],
  ...['registre', 'registro', 'referencia', 'reference', 'referencecode', 'codireferencia', 'ref'],
  ...['identificador', 'identifiant', 'identificatore', 'identifikator', 'kennung', 'codi'],
  ...['codigo', 'codice', 'code', 'id'],
] as const;

/** Column names for the path of a file, then for a URL. */
const LOCATION_NAMES = [
  ...['path', 'filepath', 'file', 'filename', 'fitxer', 'nomfitxer', 'nomdelfitxer', 'archivo'],
  ...['fichero', 'nombrearchivo', 'nombrefichero', 'ficheiro', 'arquivo', 'fitxategia', 'fichier'],
  ...['nomdefichier', 'nomfichier', 'datei', 'dateiname', 'dateipfad', 'bestand', 'bestandsnaam'],
  ...['nomefile', 'plik', 'nazwapliku', 'soubor', 'fil', 'filnavn', 'filnamn', 'tiedosto'],
  ...['cami', 'ruta', 'percorso', 'chemin', 'pfad', 'sourcefile', 'image', 'imatge', 'imagen'],
  ...[
    'imaxe',
    'imagem',
    'irudia',
    'immagine',
    'bild',
    'billede',
    'bilde',
    'foto',
    'photo',
    'video',
  ],
  ...['media', 'imagepath', 'imagefile', 'imageurl', 'urlimatge', 'urlimagen', 'mediaurl', 'url'],
  ...['uri', 'enllac', 'enlace', 'link', 'href', 'location'],
] as const;

export interface TableColumns {
  readonly identifier: string;
  readonly location: string;
}

/**
 * The columns of a table that hold the identifier and the path or URL.
 *
 * @param names of all columns.
 * @param sample of the first records, to find the location by its values.
 * @throws INVALID_REQUEST, INVALID_PARAMETER with the names of the columns
 */
export function findColumns(
  names: readonly string[],
  sample: readonly Readonly<Record<string, string>>[],
  spec: Pick<TableSpec, 'identifier' | 'location'>,
): TableColumns {
  const location =
    named(names, spec.location) ??
    findByName(names, LOCATION_NAMES) ??
    findByValues(names, sample) ??
    missingLocation(names);
  const identifier =
    named(names, spec.identifier) ?? findByName(names, IDENTIFIER_NAMES) ?? location;
  return { identifier, location };
}

function named(names: readonly string[], name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const found =
    names.find((each) => each === name) ??
    names.find((each) => normalize(each) === normalize(name) && normalize(name) !== '');
  if (found !== undefined) return found;
  throw new SalamandraError(
    'INVALID_PARAMETER',
    `The table has no column ${JSON.stringify(name.slice(0, 80))}. Its columns: ${quote(names)}.`,
  );
}

function findByName(names: readonly string[], usual: readonly string[]): string | undefined {
  for (const each of usual) {
    const found = names.find((name) => normalize(name) === each);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The only column whose values are all names of media files or URLs. */
function findByValues(
  names: readonly string[],
  sample: readonly Readonly<Record<string, string>>[],
): string | undefined {
  const candidates = names.filter((name) => {
    const values = sample.map((record) => record[name] ?? '').filter((value) => value !== '');
    return values.length > 0 && values.every(looksLikeMedia);
  });
  return candidates.length === 1 ? candidates[0] : undefined;
}

export function looksLikeMedia(value: string): boolean {
  return (
    /^https?:\/\/\S+$/i.test(value) || judgeFileName(value.replace(/^.*[/\\]/s, '')) === 'media'
  );
}

function missingLocation(names: readonly string[]): never {
  throw new SalamandraError(
    'INVALID_REQUEST',
    `No column of the table is known to hold a path or URL. Rename it to "path" or "url". The columns: ${quote(names)}.`,
  );
}

/** Letters and digits in lower case, without accents: `Núm. d’inventari` and `num_dinventari` are the same. */
function normalize(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

const MAX_QUOTED = 40;

function quote(names: readonly string[]): string {
  const shown = names.slice(0, MAX_QUOTED).map((name) => JSON.stringify(name.slice(0, 80)));
  return names.length > MAX_QUOTED ? `${shown.join(', ')}, …` : shown.join(', ');
}
