/** `linnet model`: makes, inspects, imports and exports models. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { readArena } from '../model/footprint.js';
import { loadModelFile, type LoadedModel } from '../model/load.js';
import { openPlanner } from '../model/planner.js';
import { parseDescriptor } from '../model/parse.js';
import { specOfModel } from '../model/respec.js';
import { globalOptions } from './context.js';
import {
  checkDevice,
  deviceSettings,
  printNeed,
  resolveDevice,
  type TargetDevice,
} from './model-device.js';
import { modelRecord, printModel } from './model-report.js';
import type { Output } from './output.js';
import { addSettings } from './settings.js';

/** Prints a model that fits its device; throws ERR_BUDGET, or the kernel's status. */
export async function reportModel(
  output: Output,
  { descriptor, spec }: LoadedModel,
  device: TargetDevice,
): Promise<void> {
  const kernel = await openPlanner(device.build);
  const info = parseDescriptor(descriptor);
  const need = checkDevice(output, kernel, descriptor, spec ?? specOfModel(info), device);
  const arena = readArena(kernel);
  kernel.close();
  const { core, build } = device;
  output.record({
    ...modelRecord(info, descriptor.length, arena),
    device: { core, build, ...need },
  });
  printModel(output, info, descriptor.length);
  printNeed(output, need, device);
}

export function addModelCommand(program: Command): void {
  const model = program
    .command('model')
    .description('makes, inspects, imports and exports models (docs/MODELS.md)');

  const make = model
    .command('new <yaml>')
    .description(
      'makes a descriptor from a YAML description; refuses what does not fit --ram and --flash',
    )
    .option('-o, --out <file>', 'descriptor to write', 'model.lnd');
  addSettings(make, deviceSettings).action(
    async (yaml: string, options: { out: string } & Record<string, unknown>, command: Command) => {
      const { output, configPath } = globalOptions(command);
      const device = resolveDevice(options, configPath);
      const loaded = loadModelFile(yaml);
      await reportModel(output, loaded, device);
      writeFileSync(options.out, loaded.descriptor);
      output.note(`wrote ${options.out} (${loaded.descriptor.length} bytes)`);
    },
  );

  const inspect = model
    .command('inspect <file>')
    .description(
      'prints layers, parameters, memory, flash and predicted instructions of a descriptor or YAML',
    );
  addSettings(inspect, deviceSettings).action(
    async (file: string, options: Record<string, unknown>, command: Command) => {
      const { output, configPath } = globalOptions(command);
      const device = resolveDevice(options, configPath);
      await reportModel(output, loadModelFile(file), device);
    },
  );
}
