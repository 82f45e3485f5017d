import { generatedNotice, snakeCase, upperCase } from './emit-names.js';
import type { Field, FieldType, Message } from './schema.js';
import {
  block,
  constants,
  enumerations,
  intrinsics,
  kernelExports,
  messages,
  statuses,
  structs,
  versions,
  wireMaps,
} from './schema.js';

const notice = `/* ${generatedNotice} */`;

/** firmware/include/linnet_contract.h: constants only. */
export function emitC(): string {
  const lines = [
    notice,
    '#ifndef LINNET_CONTRACT_H',
    '#define LINNET_CONTRACT_H',
    '',
    '#include <stdint.h>',
    '',
  ];
  const define = (name: string, value: number | string): void => {
    lines.push(`#define LINNET_${name} ${value}`);
  };
  for (const version of versions) define(`${version.name}_VERSION`, `${version.value}u`);
  lines.push('', '/* Status codes: 0 or positive is success. */', 'typedef enum linnet_status {');
  for (const status of statuses)
    lines.push(`    LINNET_${status.name} = ${status.code}, /* ${status.cause} */`);
  lines.push('} linnet_status_t;', '');
  for (const { name, value } of constants) {
    define(
      name,
      value > 0xffff ? `0x${value.toString(16)}u` : name.endsWith('LIMIT') ? value : `${value}u`,
    );
  }
  for (const { name, text, entries } of enumerations) {
    lines.push('', `/* ${text} */`);
    for (const entry of entries) define(`${name}_${entry.name}`, `${entry.value}u`);
  }
  lines.push('', '/* Words of the kernel parameter block. */', 'enum linnet_block_word {');
  for (const word of block)
    lines.push(`    LINNET_BLOCK_${upperCase(word.name)}, /* ${word.direction}: ${word.text} */`);
  lines.push('    LINNET_BLOCK_WORDS', '};', '');
  lines.push(
    '/* Exports of kernel.wasm: X(name, argument count). */',
    '#define LINNET_KERNEL_EXPORTS(X) \\',
  );
  kernelExports.forEach((entry, index) => {
    const tail = index + 1 < kernelExports.length ? ' \\' : '';
    lines.push(`    X(${snakeCase(entry.name)}, ${entry.parameters.length})${tail}`);
  });
  for (const { name, text, fields } of structs) {
    lines.push('', `/* ${name}: ${text}. Little-endian in linear memory. */`);
    lines.push(`struct linnet_${name.toLowerCase()} {`);
    for (const field of fields)
      lines.push(`    ${cTypes[field.type]} ${snakeCase(field.name)}; /* ${field.text} */`);
    lines.push('};');
  }
  lines.push('', '/* Intrinsics: X(name, argument count). */', '#define LINNET_INTRINSICS(X) \\');
  intrinsics.forEach((entry, index) => {
    const tail = index + 1 < intrinsics.length ? ' \\' : '';
    lines.push(`    X(${entry.name}, ${entry.parameters.length})${tail}`);
  });
  lines.push('', '/* Keys of the CBOR maps on MQTT. */');
  for (const map of wireMaps) {
    for (const key of map.keys)
      define(`${upperCase(map.name)}_${upperCase(key.name)}`, `${key.key}u`);
  }
  lines.push('', '#endif', '');
  return lines.join('\n');
}

const cTypes: Record<FieldType, string> = {
  u8: 'uint8_t',
  i8: 'int8_t',
  u16: 'uint16_t',
  i16: 'int16_t',
  u32: 'uint32_t',
  i32: 'int32_t',
  id: 'const uint8_t *',
  hash: 'const uint8_t *',
  mac: 'const uint8_t *',
  string8: 'struct linnet_span',
  bytes: 'struct linnet_span',
};

const statusField: Field = { name: 'status', type: 'i16', text: 'linnet_status_t' };

/** Every packed body: name in C and its fields. */
function bodies(): { name: string; fields: readonly Field[]; message: Message }[] {
  return messages.flatMap((message) => {
    const base = message.name.toLowerCase();
    const request = { name: `${base}_request`, fields: message.request, message };
    if (message.response === null) return [request];
    return [
      request,
      { name: `${base}_response`, fields: [statusField, ...message.response], message },
    ];
  });
}

function signature(kind: 'pack' | 'unpack', name: string): string {
  return kind === 'pack'
    ? `uint32_t linnet_${name}_pack(const struct linnet_${name} *in, uint8_t *out, uint32_t capacity)`
    : `linnet_status_t linnet_${name}_unpack(const uint8_t *in, uint32_t length, struct linnet_${name} *out)`;
}

/** firmware/src/messages.gen.h: one struct and two functions per message body. */
export function emitCMessagesHeader(): string {
  const lines = [
    notice,
    '#ifndef LINNET_MESSAGES_H',
    '#define LINNET_MESSAGES_H',
    '',
    '#include "bytes.h"',
    '#include "linnet_contract.h"',
    '',
    '/*',
    ' * Bodies of link messages, without the message header. Integers are little-endian.',
    ' * pack returns the length, or 0 if it exceeds the capacity (a body of no fields packs to 0).',
    ' * unpack returns LINNET_OK or LINNET_ERR_MESSAGE; hashes and spans point into the input.',
    ' */',
    '',
  ];
  for (const message of messages)
    lines.push(`#define LINNET_MESSAGE_${message.name} ${message.id}u`);
  lines.push('');
  for (const { name, fields, message } of bodies()) {
    lines.push(`/* ${message.text} */`);
    if (fields.length === 0) {
      lines.push(`/* linnet_${name} has no fields. */`, '');
      continue;
    }
    lines.push(`struct linnet_${name} {`);
    for (const field of fields) {
      const type = cTypes[field.type];
      lines.push(
        `    ${type}${type.endsWith('*') ? '' : ' '}${snakeCase(field.name)}; /* ${field.text} */`,
      );
    }
    lines.push('};', `${signature('pack', name)};`, `${signature('unpack', name)};`, '');
  }
  const names = bodies().filter(({ fields }) => fields.length > 0);
  lines.push(
    '/* X(body) for every body that has fields. */',
    `#define LINNET_MESSAGE_BODIES(X) ${names.map(({ name }) => `\\\n    X(${name})`).join(' ')}`,
    '',
  );
  lines.push('#endif', '');
  return lines.join('\n');
}

/** firmware/src/messages.gen.c: the packers, in terms of bytes.h. */
export function emitCMessagesSource(): string {
  const lines = [notice, '#include "messages.gen.h"', ''];
  for (const { name, fields } of bodies()) {
    if (fields.length === 0) continue;
    lines.push(
      `${signature('pack', name)}`,
      '{',
      '    struct linnet_writer w = linnet_writer(out, capacity);',
    );
    for (const field of fields)
      lines.push(`    linnet_put_${field.type}(&w, in->${snakeCase(field.name)});`);
    lines.push('    return linnet_writer_length(&w);', '}', '');
    lines.push(
      `${signature('unpack', name)}`,
      '{',
      '    struct linnet_reader r = linnet_reader(in, length);',
    );
    for (const field of fields)
      lines.push(`    out->${snakeCase(field.name)} = linnet_get_${field.type}(&r);`);
    lines.push('    return linnet_reader_status(&r);', '}', '');
  }
  return lines.join('\n');
}
