import type { Field, WireType } from './schema.js';
import {
  block,
  constants,
  enumerations,
  intrinsics,
  kernelExports,
  messages,
  records,
  statuses,
  structs,
  topics,
  versions,
  wireMaps,
} from './schema.js';

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function fieldTable(fields: readonly Field[]): string {
  return table(
    ['type', 'field', 'meaning'],
    fields.map((f) => [f.type, f.name, f.text]),
  );
}

function messageTables(): string {
  return messages
    .map((message) => {
      const direction = { device: 'device → host', host: 'host → device', either: 'either way' }[
        message.from
      ];
      const parts = [`#### ${message.name} (id ${message.id}, ${direction})`, `${message.text}.`];
      parts.push(
        message.request.length ? `Request:\n\n${fieldTable(message.request)}` : 'Request: empty.',
      );
      if (message.response === null) parts.push('An event: never answered.');
      else if (message.response.length === 0) parts.push('Response: `i16 status` alone.');
      else parts.push(`Response, after \`i16 status\`:\n\n${fieldTable(message.response)}`);
      return parts.join('\n\n');
    })
    .join('\n\n');
}

function cddlType(type: WireType): string {
  if (typeof type === 'object') return 'map' in type ? type.map : `[+ ${type.list}]`;
  const names = {
    uint: 'uint',
    bytes: 'bstr',
    id: 'bstr .size 8',
    hash: 'bstr .size 32',
    mac: 'bstr .size 16',
    text: 'tstr',
    bool: 'bool',
    uints: '[* uint]',
  };
  return names[type];
}

function cddl(): string {
  const maps = wireMaps.map((map) => {
    const keys = map.keys.map(
      (k) =>
        `  ${k.optional ? '? ' : ''}${k.key} => ${cddlType(k.type)},`.padEnd(32) +
        `; ${k.name}: ${k.text}`,
    );
    const open = map.closed ? [] : ['  * uint => any,'.padEnd(32) + '; unknown keys are ignored'];
    return [`; ${map.text}`, `${map.name} = {`, ...keys, ...open, '}'].join('\n');
  });
  return '```cddl\n' + maps.join('\n\n') + '\n```';
}

function enumerationTables(): string {
  return enumerations
    .map(
      (e) =>
        `**${e.name}**: ${e.text}\n\n${table(
          ['value', 'name', 'meaning'],
          e.entries.map((x) => [x.value, x.name, x.text]),
        )}`,
    )
    .join('\n\n');
}

const sections: Record<string, () => string> = {
  versions: () =>
    table(
      ['version', 'value', 'of'],
      versions.map((v) => [v.name, v.value, v.text]),
    ),
  statuses: () =>
    table(
      ['code', 'name', 'cause', 'remedy'],
      statuses.map((s) => [s.code, s.name, s.cause, s.remedy]),
    ),
  constants: () =>
    table(
      ['name', 'value', 'unit', 'meaning'],
      constants.map((c) => [c.name, c.value, c.unit, c.text]),
    ),
  enumerations: enumerationTables,
  block: () =>
    table(
      ['word', 'name', 'written by', 'meaning'],
      block.map((w, i) => [i, w.name, w.direction === 'in' ? 'host' : 'kernel', w.text]),
    ),
  exports: () =>
    table(
      ['export', 'what'],
      kernelExports.map((e) => [`\`${e.name}(${e.parameters.join(', ')})\``, e.text]),
    ),
  structs: () =>
    structs.map((r) => `#### ${r.name}: ${r.text}\n\n${fieldTable(r.fields)}`).join('\n\n'),
  intrinsics: () =>
    table(
      ['import', 'what'],
      intrinsics.map((e) => [`\`${e.name}(${e.parameters.join(', ')})\``, e.text]),
    ),
  records: () => records.map((r) => `#### ${r.tag}\n\n${fieldTable(r.fields)}`).join('\n\n'),
  messages: messageTables,
  cddl,
  topics: () =>
    table(
      ['topic', 'retained', 'payload', 'written by', 'read by', 'what'],
      topics.map((t) => [
        `\`${t.pattern}\``,
        t.retained ? 'yes' : 'no',
        t.payload,
        t.writer,
        t.readers.join(', '),
        t.text,
      ]),
    ),
};

/** Replaces what stands between `<!-- gen:NAME -->` and `<!-- /gen -->` in the specification. */
export function emitSpecTables(spec: string): string {
  const seen = new Set<string>();
  const text = spec.replace(/<!-- gen:(\w+) -->[\s\S]*?<!-- \/gen -->/g, (_, name: string) => {
    const emit = sections[name];
    if (emit === undefined) throw new Error(`docs/SPEC.md asks for an unknown section ${name}`);
    seen.add(name);
    return `<!-- gen:${name} -->\n\n${emit()}\n\n<!-- /gen -->`;
  });
  const missing = Object.keys(sections).filter((name) => !seen.has(name));
  if (missing.length > 0) throw new Error(`docs/SPEC.md lacks the sections ${missing.join(', ')}`);
  return text;
}
