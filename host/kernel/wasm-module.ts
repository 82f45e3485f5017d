/**
 * What stands in a wasm module, as far as a kernel is judged by it (WebAssembly Core 2.0, section 5).
 * The module must be valid: WebAssembly.validate() comes first, so lengths and indices hold.
 */

/** Value types by their byte. */
export const valueType = { i32: 0x7f, i64: 0x7e } as const;

export interface FunctionType {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
}

export interface FunctionImport {
  readonly module: string;
  readonly name: string;
  /** Absent: it is not a function. */
  readonly type?: FunctionType;
}

export interface Memory {
  readonly initialPages: number;
  readonly isShared: boolean;
}

export interface WasmModule {
  readonly sections: readonly number[];
  readonly types: readonly FunctionType[];
  readonly imports: readonly FunctionImport[];
  /** Memories the module defines. */
  readonly memories: readonly Memory[];
  /** Types of globals it defines. */
  readonly globals: readonly number[];
  /** Exported functions by name. */
  readonly functions: ReadonlyMap<string, FunctionType>;
  readonly exportsMemory: boolean;
  /** Types of all local variables. */
  readonly locals: ReadonlySet<number>;
  /** Every instruction that occurs: its byte, or 0xfc00 + number for those of prefix 0xfc. */
  readonly instructions: ReadonlySet<number>;
}

const sectionId = { type: 1, import: 2, function: 3, memory: 5, global: 6, export: 7, code: 10 };
const kind = { function: 0, table: 1, memory: 2, global: 3 };

class Reader {
  constructor(
    private readonly bytes: Uint8Array,
    public at = 0,
    readonly end = bytes.length,
  ) {}

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    return this.bytes[this.at++];
  }

  /** An unsigned LEB128 number; of a signed one only its length is right. */
  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.number() }, read);
  }

  text(): string {
    const length = this.number();
    this.at += length;
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }

  skip(count: number): void {
    this.at += count;
  }

  /** What follows, of the length that stands before it. */
  part(): Reader {
    const length = this.number();
    this.at += length;
    return new Reader(this.bytes, this.at - length, this.at);
  }
}

function readFunctionType(reader: Reader): FunctionType {
  reader.byte();
  return {
    parameters: reader.list(() => reader.byte()),
    results: reader.list(() => reader.byte()),
  };
}

function readMemory(reader: Reader): Memory {
  const flags = reader.byte();
  const initialPages = reader.number();
  if (flags & 1) reader.number();
  return { initialPages, isShared: (flags & 2) !== 0 };
}

function readImport(reader: Reader, types: readonly FunctionType[]): FunctionImport {
  const module = reader.text();
  const name = reader.text();
  switch (reader.byte()) {
    case kind.function:
      return { module, name, type: types[reader.number()] };
    case kind.table:
      reader.byte();
      readMemory(reader);
      break;
    case kind.memory:
      readMemory(reader);
      break;
    default:
      reader.skip(2);
  }
  return { module, name };
}

/** Operands by instruction; what is not listed has none. */
const operands = new Map<number, (reader: Reader) => void>();

function define(instructions: readonly number[], skip: (reader: Reader) => void): void {
  for (const instruction of instructions) operands.set(instruction, skip);
}

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

const skipNumber = (reader: Reader): void => void reader.number();
const skipTwoNumbers = (reader: Reader): void => {
  reader.number();
  reader.number();
};

// Block types, branches, calls, variables, tables, constants, references.
define([0x02, 0x03, 0x04, 0x0c, 0x0d, 0x10, ...range(0x20, 0x26), 0x3f, 0x40], skipNumber);
define([0x41, 0x42, 0xd0, 0xd2], skipNumber);
define([0x11, ...range(0x28, 0x3e)], skipTwoNumbers);
define([0x0e], (reader) => {
  reader.list(() => reader.number());
  reader.number();
});
define([0x1c], (reader) => void reader.list(() => reader.byte()));
define([0x43], (reader) => reader.skip(4));
define([0x44], (reader) => reader.skip(8));
const prefixed = 0xfc00;
define(
  [8, 10, 12, 14].map((number) => prefixed + number),
  skipTwoNumbers,
);
define(
  [9, 11, 13, 15, 16, 17].map((number) => prefixed + number),
  skipNumber,
);

function readInstruction(reader: Reader): number {
  const byte = reader.byte();
  const instruction = byte === 0xfc ? prefixed + reader.number() : byte;
  operands.get(instruction)?.(reader);
  return instruction;
}

/** Up to the first one of another prefix (vectors, threads), whose operands are not known here. */
function readBody(reader: Reader, instructions: Set<number>): void {
  while (!reader.isAtEnd) {
    const instruction = readInstruction(reader);
    instructions.add(instruction);
    if (instruction > 0xfc && instruction < prefixed) return;
  }
}

function readGlobal(reader: Reader): number {
  const type = reader.byte();
  reader.byte();
  while (readInstruction(reader) !== 0x0b);
  return type;
}

function sectionsOf(bytes: Uint8Array): [number, Reader][] {
  const reader = new Reader(bytes, 8);
  const found: [number, Reader][] = [];
  while (!reader.isAtEnd) found.push([reader.byte(), reader.part()]);
  return found;
}

/** Reads a module that WebAssembly.validate() accepts. */
export function readWasmModule(bytes: Uint8Array): WasmModule {
  const sections = sectionsOf(bytes);
  const listOf = <T>(id: number, read: (reader: Reader) => T): T[] => {
    const reader = sections.find(([section]) => section === id)?.[1];
    return reader ? reader.list(() => read(reader)) : [];
  };
  const types = listOf(sectionId.type, readFunctionType);
  const imports = listOf(sectionId.import, (reader) => readImport(reader, types));
  const defined = listOf(sectionId.function, (reader) => types[reader.number()]);
  const memories = listOf(sectionId.memory, readMemory);
  const globals = listOf(sectionId.global, readGlobal);
  const exported = listOf(sectionId.export, (reader) => ({
    name: reader.text(),
    kind: reader.byte(),
    index: reader.number(),
  }));
  const all = [...imports.flatMap(({ type }) => (type ? [type] : [])), ...defined];
  const functions = exported.filter((entry) => entry.kind === kind.function);
  const locals = new Set<number>();
  const instructions = new Set<number>();
  listOf(sectionId.code, (reader) => {
    const body = reader.part();
    body.list(() => {
      body.number();
      locals.add(body.byte());
    });
    readBody(body, instructions);
  });
  return {
    sections: sections.map(([id]) => id),
    ...{ types, imports, memories, globals, locals, instructions },
    functions: new Map(functions.map(({ name, index }) => [name, all[index]])),
    exportsMemory: exported.some((entry) => entry.kind === kind.memory && entry.name === 'memory'),
  };
}
