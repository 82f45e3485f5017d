import { readFileSync } from 'node:fs';

/** What an image consists of, read from the linker's map. */

/** Bytes by owner or variable. */
export type BytesByName = ReadonlyMap<string, number>;

export interface ImageBytes {
  /** Code, constants and initial values by owner; sums to the whole image. */
  readonly flash: BytesByName;
  /** Variables; neither stack nor heap. */
  readonly ram: BytesByName;
  /** RAM set aside for the stack. */
  readonly stackReserve: number;
}

/** Who owns an object file: the first pattern that fits its path. */
const owners: readonly (readonly [string, RegExp])[] = [
  ['wasm3 interpreter', /\(m3_\w+\.c/],
  [
    'native functions of the kernel',
    /\((conv|dense|depthwise|linear|loss|pool|requantise|table|update|view)\w*\.c|\(dsp\.S/,
  ],
  ['glue and heap of the engine', /\((kernel|heap)\.c/],
  ['node', /\((node|session|serve|work|fetch|model|round|trial|upload|payload|keep|envelope)\.c/],
  ['link, messages, CBOR', /\((link|frame|crc32|bytes|cbor|wire|messages\.gen)\.c/],
  ['store', /\(store\w*\.c/],
  ['SHA-256', /\(sha256\.c/],
  ['port', /ports\//],
  ['C library', /(libc_nano|libgcc|libnosys)/],
];

const alignment = 'alignment';

/** What variables of some size are for. */
const purposes: Readonly<Record<string, string>> = {
  node: 'state of the node, its two frames included',
  received: 'ring of the UART',
  port: 'callbacks of the port',
};
const otherVariables = 'other variables';

const flashSections = ['.vectors', '.text', '.data'];
const ramSections = ['.data', '.bss', '.noinit'];

/** A line of the map: an output section, or a piece of one from an object file. */
interface Piece {
  readonly section: string;
  /** Name of the input section, such as `.bss.node`; empty for the output section itself. */
  readonly name: string;
  readonly start: number;
  readonly bytes: number;
  readonly file: string;
}

/** Names longer than their column push the rest to the next line. */
function joinLines(map: string): string[] {
  const body = map.slice(map.indexOf('Linker script and memory map'));
  return body.replace(/\n( ?\.\S+)\n +(?=0x)/g, '\n$1 ').split('\n');
}

function* readPieces(map: string): Generator<Piece> {
  let section = '';
  for (const line of joinLines(map)) {
    const match = /^( ?)(\.\S+) +(0x[0-9a-f]+) +(0x[0-9a-f]+)(?: (\S.*))?$/.exec(line);
    if (!match) continue;
    const [, indent, name, start, bytes, file = ''] = match;
    if (indent === '') section = name;
    const isOutput = indent === '';
    yield { section, name: isOutput ? '' : name, start: +start, bytes: +bytes, file };
  }
}

function addTo(sums: Map<string, number>, name: string, bytes: number): void {
  if (bytes > 0) sums.set(name, (sums.get(name) ?? 0) + bytes);
}

export function sumBytes(parts: BytesByName): number {
  return [...parts.values()].reduce((sum, bytes) => sum + bytes, 0);
}

const ownerOf = ({ file }: Piece): string =>
  owners.find(([, pattern]) => pattern.test(file))?.[0] ?? alignment;

/** A function in flash. */
export interface CodeRange {
  readonly start: number;
  readonly bytes: number;
  readonly name: string;
  readonly owner: string;
}

/** The functions of an image by address; each has a section of its own. */
export function readFunctions(mapPath: string): CodeRange[] {
  return [...readPieces(readFileSync(mapPath, 'utf8'))]
    .filter(({ section, name, bytes }) => section === '.text' && name !== '' && bytes > 0)
    .map((piece) => {
      const { start, bytes, name } = piece;
      return { start, bytes, name: name.replace(/^\.text\.?/, ''), owner: ownerOf(piece) };
    })
    .sort((a, b) => a.start - b.start);
}

function sumFlash(pieces: readonly Piece[]): BytesByName {
  const sums = new Map<string, number>();
  for (const piece of pieces) {
    const { section, name, bytes } = piece;
    if (name === '' || !flashSections.includes(section)) continue;
    addTo(sums, ownerOf(piece), bytes);
  }
  const outputs = pieces.filter(({ name }) => name === '');
  const whole = (wanted: string): Piece => outputs.find(({ section }) => section === wanted)!;
  const text = whole('.text');
  const total = text.start + text.bytes - whole('.vectors').start + whole('.data').bytes;
  addTo(sums, alignment, total - sumBytes(sums));
  return new Map([...sums].sort(([, a], [, b]) => b - a));
}

/** Variables have a section each: `.bss.node` is `node`, a local static is `.bss.node.0`. */
function sumRam(pieces: readonly Piece[]): BytesByName {
  const sums = new Map<string, number>();
  for (const { section, name, bytes } of pieces) {
    if (name === '' || !ramSections.includes(section)) continue;
    addTo(sums, purposes[name.split('.')[2]] ?? otherVariables, bytes);
  }
  return sums;
}

/** Reads the map that lies beside an image. */
export function readImage(mapPath: string): ImageBytes {
  const pieces = [...readPieces(readFileSync(mapPath, 'utf8'))];
  const stack = pieces.find(({ section, name }) => section === '.stack' && name === '');
  return { flash: sumFlash(pieces), ram: sumRam(pieces), stackReserve: stack?.bytes ?? 0 };
}
