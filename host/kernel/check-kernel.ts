/**
 * Whether bytes are a kernel that may be offered to devices. wasm3 on a device validates nothing, so
 * what is not refused here runs there.
 */
import { blockWord, version, type StatusName } from '../contract/contract.gen.js';
import { LinnetError } from '../contract/error.js';
import { sha256, toHex } from '../contract/hash.js';
import { intrinsics, kernelExports } from '../contract/schema.js';
import { runWithin } from './deadline.js';
import { readWasmModule, valueType, type FunctionType, type WasmModule } from './wasm-module.js';

/** What a kernel says of itself. */
export interface KernelFacts {
  /** SHA-256 of its bytes. */
  readonly hash: Uint8Array;
  readonly numerics: number;
  /** Set of intrinsics it imports, 0 = none. */
  readonly intrinsicSet: number;
}

/** Module of the intrinsics (SPEC 5.2). */
const intrinsicModule = 'linnet';
/** For `abi` and `block`, which only write and return numbers. */
const callMs = 2000;
const startSection = 8;

/** First and last code of the instructions a device's engine has and that compute with integers. */
const instructionRanges: readonly (readonly [number, number])[] = [
  [0x00, 0x05], // unreachable to else
  [0x0b, 0x11], // end, branches, return, calls
  [0x1a, 0x1b], // drop, select
  [0x20, 0x24], // variables
  [0x28, 0x29], // loads
  [0x2c, 0x37], // loads and stores
  [0x3a, 0x42], // stores, memory, constants
  [0x45, 0x5a], // comparisons
  [0x67, 0x8a], // arithmetic
  [0xa7, 0xa7], // wrap
  [0xac, 0xad], // extend
  [0xc0, 0xc4], // extend in place
  [0xfc0a, 0xfc0b], // memory.copy, memory.fill
];

/** Finds fault with one kernel. */
class Judge {
  constructor(private readonly hash: Uint8Array) {}

  refuse(code: StatusName, cause: string, source?: unknown): never {
    const name = toHex(this.hash).slice(0, 16);
    throw new LinnetError(code, `kernel ${name} ${cause}`, {
      remedy: 'offer a kernel that `npm run build` made',
      context: { kernel: toHex(this.hash) },
      source,
    });
  }

  require(isGood: boolean, code: StatusName, cause: string): void {
    if (!isGood) this.refuse(code, cause);
  }
}

function takesAndReturnsI32(type: FunctionType | undefined, parameters: number): boolean {
  if (!type) return false;
  const all = [...type.parameters, ...type.results];
  return (
    type.parameters.length === parameters &&
    type.results.length === 1 &&
    all.every((byte) => byte === valueType.i32)
  );
}

/** Integers only, everywhere. */
function checkInstructions(judge: Judge, module: WasmModule): void {
  const integers: readonly number[] = Object.values(valueType);
  const types = [
    ...module.types.flatMap(({ parameters, results }) => [...parameters, ...results]),
    ...module.globals,
    ...module.locals,
  ];
  judge.require(
    types.every((type) => integers.includes(type)),
    'ERR_ENGINE',
    'has values that are no integers',
  );
  for (const code of module.instructions) {
    const isKnown = instructionRanges.some(([first, last]) => code >= first && code <= last);
    judge.require(isKnown, 'ERR_ENGINE', `has the instruction 0x${code.toString(16)}`);
  }
}

function checkMemory(judge: Judge, module: WasmModule): void {
  const [memory] = module.memories;
  const isOne = module.memories.length === 1 && module.exportsMemory;
  judge.require(isOne, 'ERR_ABI', 'does not define and export one memory');
  judge.require(!memory.isShared, 'ERR_ENGINE', 'shares its memory');
  judge.require(
    memory.initialPages === 1,
    'ERR_MEMORY',
    `starts with ${memory.initialPages} pages of memory instead of 1`,
  );
}

function checkFunctions(judge: Judge, module: WasmModule): void {
  for (const { name, parameters } of kernelExports) {
    const type = module.functions.get(name);
    judge.require(type !== undefined, 'ERR_ABI', `does not export ${name}`);
    const isRight = takesAndReturnsI32(type, parameters.length);
    judge.require(isRight, 'ERR_ABI', `exports ${name} with another signature`);
  }
  for (const { module: from, name, type } of module.imports) {
    const known = intrinsics.find((entry) => entry.name === name);
    const isKnown = from === intrinsicModule && known !== undefined;
    judge.require(isKnown, 'ERR_INTRINSICS', `imports ${from}.${name}, which is no intrinsic`);
    const isRight = takesAndReturnsI32(type, known!.parameters.length);
    judge.require(isRight, 'ERR_INTRINSICS', `imports ${name} with another signature`);
  }
}

type Exports = Readonly<Record<string, () => number>> & {
  readonly memory: { readonly buffer: ArrayBuffer };
};

/** Runs `abi` and `block`; whatever else the kernel does, it does not do it here. */
async function readBlock(judge: Judge, bytes: Uint8Array): Promise<DataView> {
  const nothing = Object.fromEntries(intrinsics.map(({ name }) => [name, () => 0]));
  const wasm = bytes as Uint8Array<ArrayBuffer>;
  try {
    const module = await WebAssembly.compile(wasm);
    const instance = new WebAssembly.Instance(module, { [intrinsicModule]: nothing });
    const exports = instance.exports as Exports;
    const abi = runWithin(callMs, 'abi', () => exports['abi']());
    judge.require(abi === version.KERNEL_ABI, 'ERR_ABI', `has ABI ${abi}`);
    const at = runWithin(callMs, 'block', () => exports['block']());
    const { buffer } = exports.memory;
    const words = Object.keys(blockWord).length;
    const isInside = at >= 0 && at % 4 === 0 && at + 4 * words <= buffer.byteLength;
    judge.require(isInside, 'ERR_ABI', 'has its block outside its memory');
    return new DataView(buffer, at);
  } catch (error) {
    if (error instanceof LinnetError && error.code !== 'ERR_TIMEOUT') throw error;
    return judge.refuse('ERR_TRAP', `cannot be started (${(error as Error).message})`, error);
  }
}

/**
 * Validates a kernel and returns what it says of itself.
 *
 * Throws ERR_ENGINE (no valid module, or not of integers), ERR_ABI (exports, memory, ABI),
 * ERR_INTRINSICS (imports that are none, or another set), ERR_MEMORY, ERR_UNSUPPORTED (numerics) or
 * ERR_TRAP (`abi` or `block` trap or hang).
 */
export async function checkKernel(bytes: Uint8Array): Promise<KernelFacts> {
  const hash = sha256(bytes);
  const judge = new Judge(hash);
  const isValid = WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>);
  judge.require(isValid, 'ERR_ENGINE', 'is no valid wasm module');
  const module = readWasmModule(bytes);
  judge.require(!module.sections.includes(startSection), 'ERR_ENGINE', 'runs code when it starts');
  checkFunctions(judge, module);
  checkMemory(judge, module);
  checkInstructions(judge, module);
  const block = await readBlock(judge, bytes);
  const word = (name: keyof typeof blockWord): number => block.getUint32(4 * blockWord[name], true);
  const intrinsicSet = word('intrinsicSet');
  const imported = module.imports.length > 0 ? version.INTRINSIC_SET : 0;
  judge.require(word('abi') === version.KERNEL_ABI, 'ERR_ABI', 'has another ABI in its block');
  judge.require(
    intrinsicSet === imported,
    'ERR_INTRINSICS',
    `says intrinsic set ${intrinsicSet} and imports ${imported === 0 ? 'none' : `set ${imported}`}`,
  );
  const numerics = word('numerics');
  judge.require(
    numerics === version.NUMERICS,
    'ERR_UNSUPPORTED',
    `computes numerics ${numerics}, this host knows ${version.NUMERICS}`,
  );
  return { hash, numerics, intrinsicSet };
}
