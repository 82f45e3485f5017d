import { generatedNotice, pascalCase } from './emit-names.js';
import type { Field, FieldType, WireType } from './schema.js';
import {
  block,
  constants,
  enumerations,
  intrinsics,
  kernelExports,
  messages,
  records,
  statuses,
  versions,
  wireMaps,
} from './schema.js';

function typeOfField(type: FieldType): string {
  if (['id', 'hash', 'mac', 'bytes'].includes(type)) return 'Uint8Array';
  return type === 'string8' ? 'string' : 'number';
}

function typeOfWire(type: WireType): string {
  if (typeof type === 'object') return 'map' in type ? type.map : `readonly ${type.list}[]`;
  const names = {
    uint: 'number',
    bytes: 'Uint8Array',
    id: 'Uint8Array',
    hash: 'Uint8Array',
    mac: 'Uint8Array',
    text: 'string',
    bool: 'boolean',
    uints: 'readonly number[]',
  };
  return names[type];
}

function emitInterface(name: string, fields: readonly Field[]): string[] {
  if (fields.length === 0) return [`export type ${name} = Record<never, never>;`, ''];
  return [
    `export interface ${name} {`,
    ...fields.flatMap((field) => [
      `  /** ${field.text} */`,
      `  readonly ${field.name}: ${typeOfField(field.type)};`,
    ]),
    '}',
    '',
  ];
}

function emitObject(
  name: string,
  text: string,
  entries: readonly (readonly [string, number | string, string])[],
): string[] {
  return [
    `/** ${text} */`,
    `export const ${name} = {`,
    ...entries.flatMap(([key, value, comment]) => [`  /** ${comment} */`, `  ${key}: ${value},`]),
    '} as const;',
    '',
  ];
}

/** Constants and interfaces of the host. */
export function emitTypeScript(): string {
  const lines = [`// ${generatedNotice}`, ''];
  lines.push(
    ...emitObject(
      'version',
      'Versions, each moving on its own.',
      versions.map((v) => [v.name, v.value, v.text] as const),
    ),
  );
  lines.push(
    ...emitObject(
      'status',
      'Status codes: 0 or positive is success.',
      statuses.map((s) => [s.name, s.code, s.cause] as const),
    ),
  );
  lines.push('export type StatusName = keyof typeof status;', '');
  lines.push(
    ...emitObject(
      'constant',
      'Sizes, limits and magic numbers.',
      constants.map((c) => [c.name, c.value, c.text] as const),
    ),
  );
  for (const { name, text, entries } of enumerations) {
    lines.push(
      ...emitObject(
        name.toLowerCase().replace(/_(.)/g, (_, c: string) => c.toUpperCase()),
        text + '.',
        entries.map((e) => [e.name, e.value, e.text] as const),
      ),
    );
    lines.push(
      `export type ${pascalCase(name)}Name = keyof typeof ${name.toLowerCase().replace(/_(.)/g, (_, c: string) => c.toUpperCase())};`,
      '',
    );
  }
  lines.push(
    ...emitObject(
      'blockWord',
      'Word index in the kernel’s parameter block.',
      block.map((w, i) => [w.name, i, `${w.direction}: ${w.text}`] as const),
    ),
  );
  lines.push(
    ...emitObject(
      'messageId',
      'Link messages.',
      messages.map((m) => [m.name, m.id, m.text] as const),
    ),
  );
  lines.push(
    '/** Exports of kernel.wasm beside `memory`; negative results are status codes. */',
    'export interface KernelExports {',
  );
  for (const { name, parameters, text } of kernelExports) {
    lines.push(
      `  /** ${text} */`,
      `  ${name}(${parameters.map((p) => `${p}: number`).join(', ')}): number;`,
    );
  }
  lines.push('}', '');
  lines.push(
    '/** Native functions an accelerated kernel imports from module `linnet`, in the order of their numbers. */',
    `export const intrinsicNames = [${intrinsics.map(({ name }) => `'${name}'`).join(', ')}] as const;`,
    '',
  );
  for (const record of records)
    lines.push(...emitInterface(`${pascalCase(record.tag)}Record`, record.fields));
  for (const message of messages) {
    lines.push(...emitInterface(`${pascalCase(message.name)}Request`, message.request));
    if (message.response !== null)
      lines.push(...emitInterface(`${pascalCase(message.name)}Response`, message.response));
  }
  for (const map of wireMaps) {
    lines.push(`/** ${map.text} */`, `export interface ${map.name} {`);
    for (const key of map.keys) {
      lines.push(
        `  /** ${key.text} */`,
        `  readonly ${key.name}${key.optional ? '?' : ''}: ${typeOfWire(key.type)};`,
      );
    }
    lines.push('}', '');
  }
  lines.push(
    'export interface WireMaps {',
    ...wireMaps.map((map) => `  readonly ${map.name}: ${map.name};`),
    '}',
  );
  return lines.join('\n') + '\n';
}
