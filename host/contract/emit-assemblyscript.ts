import { generatedNotice, pascalCase, upperCase } from './emit-names.js';
import {
  block,
  constants,
  enumerations,
  intrinsics,
  records,
  type StructLayout,
  statuses,
  structs,
  versions,
} from './schema.js';
import { fieldOffsets } from './layout.js';

/** A class without a header: its fields lie where fieldOffsets() says. */
function emitStruct({ name, text, fields }: StructLayout): string[] {
  fieldOffsets(fields);
  return [
    '',
    `/** ${name}: ${text}. */`,
    '@unmanaged',
    `export class ${pascalCase(name)} {`,
    ...fields.flatMap((field) => [`  /** ${field.text} */`, `  ${field.name}: ${field.type};`]),
    '}',
  ];
}

/** Constants of the kernel: i32, folded at compile time; its structures and imports. */
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
  for (const struct of structs) lines.push(...emitStruct(struct));
  for (const { name, parameters, text } of intrinsics) {
    const typed = parameters.map((parameter) => `${parameter}: i32`).join(', ');
    lines.push(
      '',
      `/** ${text} */`,
      '// @ts-ignore: decorator',
      `@external('linnet', '${name}')`,
      `export declare function ${name}(${typed}): i32;`,
    );
  }
  return lines.join('\n') + '\n';
}
