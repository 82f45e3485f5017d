/** Kernels with one defect each, made from the real one. */
import binaryen from 'binaryen';
import { kernelExports } from '../../host/contract/schema.js';
import { sha256 } from '../../host/contract/hash.js';
import type { Kernel as AllowedKernel } from '../../host/contract/contract.gen.js';
import { kernelBytes } from './fixture.js';

type Body = (module: binaryen.Module) => number;

/** The module with changes made to it. */
export function edited(edit: (module: binaryen.Module) => void, bytes = kernelBytes): Uint8Array {
  const module = binaryen.readBinary(bytes);
  try {
    edit(module);
    const changed = new Uint8Array(module.emitBinary());
    if (!WebAssembly.validate(changed)) throw new Error('the bad kernel is no valid module');
    return changed;
  } finally {
    module.dispose();
  }
}

/** The real kernel but for the body of one export. */
export function withBody(name: string, body: Body, bytes = kernelBytes): Uint8Array {
  const { parameters } = kernelExports.find((entry) => entry.name === name)!;
  const types = binaryen.createType(parameters.map(() => binaryen.i32));
  return edited((module) => {
    module.removeExport(name);
    module.addFunction(`bad_${name}`, types, binaryen.i32, [], body(module));
    module.addFunctionExport(`bad_${name}`, name);
  }, bytes);
}

const forEver: Body = (module) => module.loop('again', module.br('again'));
const trap: Body = (module) => module.unreachable();

export const hanging = (name: string): Uint8Array => withBody(name, forEver);
export const trapping = (name: string): Uint8Array => withBody(name, trap);
export const answering = (name: string, value: number): Uint8Array =>
  withBody(name, (module) => module.i32.const(value));

/** It has the function, which nobody calls. */
export const importing = (module: string, name: string): Uint8Array =>
  edited((kernel) => {
    kernel.addFunctionImport('foreign', module, name, binaryen.none, binaryen.i32);
  });

export const withoutExport = (name: string): Uint8Array =>
  edited((kernel) => kernel.removeExport(name));

/** As an announcement lists it. */
export const allow = (bytes: Uint8Array, intrinsicSet = 0): AllowedKernel => ({
  hash: sha256(bytes),
  bytes: bytes.length,
  intrinsicSet,
});
