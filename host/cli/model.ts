/** `linnet model`: makes, inspects, imports and exports models. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { loadModelFile } from '../model/load.js';
import { globalOptions } from './context.js';
import { deviceSettings, resolveDevice } from './model-device.js';
import { addModelExportCommand } from './model-export.js';
import { addModelImportCommand } from './model-import.js';
import { reportModel } from './model-report.js';
import { addSettings } from './settings.js';

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

  addModelImportCommand(model);
  addModelExportCommand(model);
}
