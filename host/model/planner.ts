import { status } from '../contract/contract.gen.js';
import type { Intrinsics } from '../kernel/engine.js';
import { Kernel } from '../kernel/kernel.js';
import { loadKernelBytes, type KernelBuild } from '../kernel/load.js';
import { openV8Engine } from '../kernel/v8-engine.js';

/** Planning computes nothing, so an accelerated kernel plans without its native functions. */
const noIntrinsics = new Proxy({} as Intrinsics, { get: () => () => status.ERR_INTRINSICS });

/** A kernel that lays models out; calls that would train or infer answer ERR_INTRINSICS or work, by build. */
export async function openPlanner(build: KernelBuild): Promise<Kernel> {
  return new Kernel(await openV8Engine(loadKernelBytes(build), noIntrinsics));
}
