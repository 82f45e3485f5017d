/** `linnet model new` and `linnet model inspect`. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { toHex } from '../contract/hash.js';
import { openV8Engine } from '../kernel/v8-engine.js';
import { Kernel } from '../kernel/kernel.js';
import { loadKernelBytes } from '../kernel/load.js';
import { parseDescriptor, type ModelInfo } from '../model/descriptor.js';
import { loadModel } from '../model/load.js';
import { globalOptions } from './context.js';
import type { Output } from './output.js';

interface Inspection {
  readonly info: ModelInfo;
  readonly descriptorBytes: number;
  readonly arenaBytes: number;
}

/** Lets the kernel itself judge the descriptor. Throws its status. */
async function inspectDescriptor(descriptor: Uint8Array): Promise<Inspection> {
  const kernel = new Kernel(await openV8Engine(loadKernelBytes()));
  kernel.plan(descriptor);
  return {
    info: parseDescriptor(descriptor),
    descriptorBytes: descriptor.length,
    arenaBytes: kernel.word('arenaBytes'),
  };
}

function printInspection(output: Output, { info, descriptorBytes, arenaBytes }: Inspection): void {
  const { input } = info;
  output.record({
    type: 'model',
    hash: toHex(info.hash),
    parameters: info.parameters,
    classes: info.classes,
    inputs: info.inputs,
    arenaBytes,
    descriptorBytes,
    layers: info.layers,
  });
  output.line(`model       ${toHex(info.hash)}`);
  output.line(
    `input       ${input.height} × ${input.width} × ${input.channels} int8, value = x · 2^${input.exponent} ${input.unit}`.trimEnd(),
  );
  for (const [i, layer] of info.layers.entries()) {
    const activation = layer.activation === 'none' ? '' : `, ${layer.activation}`;
    output.line(
      `layer ${String(i).padEnd(5)} dense ${layer.inputs} → ${layer.outputs}${activation}, weights 2^${layer.weightExponent}, ` +
        `${layer.inputs * layer.outputs} + ${layer.outputs} parameters`,
    );
  }
  output.line(`loss        softmax cross-entropy, ${info.classes} classes`);
  output.line(`parameters  ${info.parameters} (${2 * info.parameters} bytes as int16)`);
  output.line(`memory      ${arenaBytes} bytes of linear memory to train`);
}

export function addModelCommand(program: Command): void {
  const model = program.command('model').description('makes and inspects model descriptors');

  model
    .command('new <yaml>')
    .description('makes a descriptor from a YAML description')
    .option('-o, --out <file>', 'descriptor to write', 'model.lnd')
    .action(async (yaml: string, options: { out: string }, command: Command) => {
      const { output } = globalOptions(command);
      const descriptor = loadModel(yaml);
      const inspection = await inspectDescriptor(descriptor);
      writeFileSync(options.out, descriptor);
      printInspection(output, inspection);
      output.note(`wrote ${options.out} (${descriptor.length} bytes)`);
    });

  model
    .command('inspect <file>')
    .description('prints layers, shapes, parameters and memory of a descriptor or YAML description')
    .action(async (file: string, _options: unknown, command: Command) => {
      const { output } = globalOptions(command);
      printInspection(output, await inspectDescriptor(loadModel(file)));
    });
}
