/** `linnet model export`: a trained model for use elsewhere, as C or as float arrays. */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import type { Command } from 'commander';
import { LinnetError } from '../contract/error.js';
import { loadModel } from '../model/load.js';
import { globalOptions } from './context.js';

interface ExportFlags {
  readonly weights: string;
  readonly c?: string;
  readonly npz?: string;
  readonly name?: string;
}

/** `out/HAR-net.h` -> `har_net`. */
function nameOf(path: string): string {
  const plain = basename(path, extname(path))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_');
  return /^[a-z]/.test(plain) ? plain : `model_${plain}`;
}

export function addModelExportCommand(model: Command): void {
  model
    .command('export <model>')
    .description(
      'writes a trained model as a C99 header for inference elsewhere, or as float arrays',
    )
    .requiredOption('-w, --weights <file>', 'snapshot of the model (.lns)')
    .option('--c <file>', 'C99 header to write: integers only, logits bit for bit the kernel’s')
    .option('--name <prefix>', 'what its names begin with; absent: the name of the file')
    .option('--npz <file>', 'float32 arrays to write')
    .action(async (path: string, flags: ExportFlags, self: Command) => {
      const { output } = globalOptions(self);
      if (flags.c === undefined && flags.npz === undefined) {
        throw new LinnetError('ERR_USAGE', 'nothing to write is named', {
          remedy: 'give --c or --npz with a file',
        });
      }
      const descriptor = loadModel(path);
      const snapshot = new Uint8Array(readFileSync(flags.weights));
      if (flags.c !== undefined) {
        const { exportC } = await import('../model/export/c-header.js');
        const name = flags.name ?? nameOf(flags.c);
        writeFileSync(flags.c, exportC(descriptor, snapshot, name));
        output.record({ type: 'export', format: 'c', file: flags.c, name });
        output.note(`wrote ${flags.c}: call ${name}_infer()`);
      }
      if (flags.npz !== undefined) {
        const { exportNpz } = await import('../model/export/npz.js');
        writeFileSync(flags.npz, exportNpz(descriptor, snapshot));
        output.record({ type: 'export', format: 'npz', file: flags.npz });
        output.note(`wrote ${flags.npz}`);
      }
    });
}
