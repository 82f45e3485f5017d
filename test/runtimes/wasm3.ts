import { kernelBuilds } from '../../host/kernel/load.js';
import { openWasm3Engine } from '../../host/wasm3/engine.js';
import { buildNative } from '../../tools/build-native.mjs';
import type { TapeRuntime } from './tape.js';
import { interpretTape } from './v8.js';

const build = await buildNative(['linnet_wasm3.node']);

/** The kernel in wasm3 in this process, through the binding. */
export const wasm3Runtime: TapeRuntime = {
  name: 'wasm3 in Node',
  builds: kernelBuilds,
  available: () => (build.available ? undefined : build.reason),
  run(kernelWasm, tape, { memoryBytes } = {}) {
    const engine = openWasm3Engine(kernelWasm, memoryBytes === undefined ? {} : { memoryBytes });
    try {
      return Promise.resolve(interpretTape(engine, tape));
    } finally {
      engine.close();
    }
  },
};
