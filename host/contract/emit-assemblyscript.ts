import { generatedNotice, upperCase } from './emit-names.js';
import { block, constants, enumerations, records, statuses, versions } from './schema.js';
import { fieldOffsets } from './layout.js';

/** Constants of the kernel: i32, folded at compile time. */
export function emitAssemblyScript(): string {
  const lines = [`// ${generatedNotice}`, ''];
  const constant = (name: string, value: number): void => {
    lines.push(`export const ${name}: i32 = ${value};`);
  };
  for (const version of versions) constant(`${version.name}_VERSION`, version.value);
  lines.push('');
  for (const status of statuses) {
    if (status.code > -20) constant(status.name, status.code);
  }
  lines.push('');
  for (const { name, value } of constants) constant(name, value);
  lines.push('');
  for (const { name, entries } of enumerations) {
    for (const entry of entries) constant(`${name}_${entry.name}`, entry.value);
  }
  lines.push('', '// Byte offsets in the parameter block.');
  block.forEach((word, index) => constant(`BLOCK_${upperCase(word.name)}`, index * 4));
  constant('BLOCK_BYTES', block.length * 4);
  lines.push('', '// Byte offsets in descriptor records, after the record header.');
  for (const record of records) {
    const { offsets, bytes } = fieldOffsets(record.fields);
    record.fields.forEach((field, index) =>
      constant(`${record.tag}_${upperCase(field.name)}`, offsets[index]),
    );
    constant(`${record.tag}_BYTES`, bytes);
  }
  return lines.join('\n') + '\n';
}
