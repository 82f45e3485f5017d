/**
 * NumPy arrays: one .npy, and the zip of them that savez writes.
 *
 *     0          6        8         10 (12 in version 2)
 *     ┌──────────┬────────┬─────────┬──────────────────────────────────────────────────┬──────
 *     │ 93 NUMPY │ u8 u8  │ u16/u32 │ {'descr': '<f4', 'fortran_order': False, 'shape'… │ data
 *     │          │ version│ length  │ text, padded with spaces to a newline             │
 *     └──────────┴────────┴─────────┴──────────────────────────────────────────────────┴──────
 *
 * Source: NumPy enhancement proposal 1.
 */
import { unzipSync } from 'fflate';
import { importError } from './float-model.js';

export interface NpyArray {
  readonly name: string;
  readonly dims: readonly number[];
  /** In C order: the last dimension varies fastest. */
  readonly values: Float64Array;
}

const magic = '\x93NUMPY';

type ReadElement = (view: DataView, at: number, isLittle: boolean) => number;

/** Element types by kind and bytes. */
const elements: Readonly<Record<string, ReadElement>> = {
  f4: (view, at, isLittle) => view.getFloat32(at, isLittle),
  f8: (view, at, isLittle) => view.getFloat64(at, isLittle),
  i1: (view, at) => view.getInt8(at),
  u1: (view, at) => view.getUint8(at),
  i2: (view, at, isLittle) => view.getInt16(at, isLittle),
  i4: (view, at, isLittle) => view.getInt32(at, isLittle),
  i8: (view, at, isLittle) => Number(view.getBigInt64(at, isLittle)),
};

interface Header {
  readonly order: string;
  readonly type: string;
  readonly isFortran: boolean;
  readonly dims: readonly number[];
}

function parseHeader(text: string, name: string): Header {
  const descr = /'descr':\s*'([<>|=])(\w+)'/.exec(text);
  const fortran = /'fortran_order':\s*(True|False)/.exec(text);
  const shape = /'shape':\s*\(([\d,\sL]*)\)/.exec(text);
  if (!descr || !fortran || !shape) {
    throw importError(`${name}: its header is not that of a plain array`, 'save arrays of numbers');
  }
  const dims = shape[1].split(',').map((part) => part.trim().replace(/L$/, ''));
  return {
    order: descr[1],
    type: descr[2],
    isFortran: fortran[1] === 'True',
    dims: dims.filter((part) => part !== '').map(Number),
  };
}

/** Column-major values in row-major order. */
function toRowMajor(values: Float64Array, dims: readonly number[]): Float64Array {
  const out = new Float64Array(values.length);
  for (let from = 0; from < values.length; from++) {
    let rest = from;
    let to = 0;
    let stride = values.length;
    for (const size of dims) {
      stride /= size;
      to += (rest % size) * stride;
      rest = Math.floor(rest / size);
    }
    out[to] = values[from];
  }
  return out;
}

/** Reads one .npy. Throws ERR_MODEL if the bytes are none or hold no numbers. */
export function readNpy(bytes: Uint8Array, name: string): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const latin = new TextDecoder('latin1');
  if (bytes.length < 12 || latin.decode(bytes.subarray(0, 6)) !== magic) {
    throw importError(`${name} is no NumPy array`, 'write it with numpy.savez');
  }
  const isWide = bytes[6] > 1;
  const start = isWide ? 12 : 10;
  const dataAt = start + (isWide ? view.getUint32(8, true) : view.getUint16(8, true));
  const header = parseHeader(latin.decode(bytes.subarray(start, dataAt)), name);
  const { order, type, isFortran, dims } = header;
  const read = elements[type];
  const size = Number(type.slice(1));
  const count = dims.reduce((product, extent) => product * extent, 1);
  if (read === undefined || dataAt + count * size > bytes.length) {
    throw importError(
      `${name} (${type}) does not hold ${count} numbers`,
      'save float32 or float64 arrays',
    );
  }
  const values = Float64Array.from({ length: count }, (_, i) =>
    read(view, dataAt + i * size, order !== '>'),
  );
  return { name, dims, values: isFortran ? toRowMajor(values, dims) : values };
}

/** All arrays of a .npz, in the order they were written. */
export function readNpz(bytes: Uint8Array): NpyArray[] {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes);
  } catch (error) {
    throw importError('the file is no .npz', 'write it with numpy.savez', error);
  }
  return Object.entries(files).map(([file, content]) =>
    readNpy(content, file.replace(/\.npy$/, '')),
  );
}
