/** `linnet fleet`: certificates, access list and signing keys: who may say what, and who vouches for models. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { aggregatorIdentity } from '../contract/identity.js';
import type { CertificateReport, Fleet } from '../fleet/fleet.js';
import { brokerFiles } from '../fleet/mosquitto.js';
import { roundKeyFile } from '../proof/keys.js';
import { DEFAULT_BASE } from '../mqtt/url.js';
import { globalOptions } from './context.js';
import type { Output } from './output.js';
import { addSettings, resolveSettings, type Resolved, type SettingTable } from './settings.js';

/** Ten years: the broker's list of revoked certificates lasts as long. */
const defaultAuthorityDays = 3650;

const folderSettings = {
  fleet: { kind: 'text', value: 'folder', text: 'folder of the fleet', default: 'fleet' },
} as const satisfies SettingTable;

const daySettings = {
  ...folderSettings,
  days: {
    kind: 'integer',
    text: 'validity of the certificates',
    default: 365,
    minimum: 1,
    maximum: 36500,
  },
} as const satisfies SettingTable;

const rootSettings = {
  ...folderSettings,
  rootKey: {
    kind: 'text',
    value: 'file',
    text: 'the root key, on whatever medium; default: root/root.key of the fleet',
  },
} as const satisfies SettingTable;

const settings = {
  ...daySettings,
  ...rootSettings,
  host: { kind: 'list', text: 'names and addresses of the broker [localhost 127.0.0.1]' },
  brokerPort: {
    kind: 'integer',
    text: 'port the broker listens on',
    default: 8883,
    minimum: 1,
    maximum: 65535,
  },
  brokerFolder: {
    kind: 'text',
    value: 'folder',
    text: 'where its files will lie on the broker’s machine; default: where they are made',
  },
  base: { kind: 'text', text: 'topic base', default: DEFAULT_BASE },
  federation: { kind: 'text', value: 'name', text: 'name of the federation', default: 'linnet' },
  caDays: {
    kind: 'integer',
    text: 'validity of the authority',
    default: defaultAuthorityDays,
    minimum: 1,
    maximum: 36500,
  },
} as const satisfies SettingTable;

type FleetSettings = Resolved<typeof settings>;

interface Call {
  readonly options: FleetSettings;
  readonly output: Output;
  readonly names: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
}

/** The room is loaded by the command that needs it. */
async function openFleet({ options }: Call): Promise<Fleet> {
  const room = await import('../fleet/fleet.js');
  return new room.Fleet(options.fleet);
}

function record(output: Output, reports: readonly CertificateReport[]): void {
  for (const report of reports) output.record({ type: 'certificate', ...report });
}

async function init({ options, output }: Call): Promise<void> {
  const { createFleet } = await import('../fleet/create.js');
  const { fleet: folder, brokerPort: port, brokerFolder, caDays, base, federation, days } = options;
  const hosts = options.host.length > 0 ? options.host : ['localhost', '127.0.0.1'];
  await createFleet(folder, {
    ...{ base, federation, hosts, port, days, authorityDays: caDays },
    ...(brokerFolder !== undefined && { brokerFolder }),
  });
  const broker = brokerFolder ?? join(folder, 'broker');
  output.record({ type: 'fleet', folder, base, federation, hosts, port });
  output.note(`made ${folder}: keep ${join(folder, 'ca', 'ca.key')} secret and offline`);
  output.note(`root key: take ${join(folder, 'root')} offline, with a copy elsewhere`);
  output.note(`broker: mosquitto -c ${join(broker, brokerFiles.config)}`);
  output.note(`nodes: linnet fleet add NODE...`);
}

async function add(call: Call): Promise<void> {
  const { options, output, names } = call;
  const fleet = await openFleet(call);
  record(output, await fleet.add(names, options.days));
  for (const name of names) output.note(`made ${folderOf(options, name)}`);
  if (names.includes(aggregatorIdentity)) {
    output.note('the aggregator has no round key: make one with linnet fleet delegate');
  }
  noteLists(call);
}

const folderOf = ({ fleet }: FleetSettings, name: string): string =>
  name === aggregatorIdentity ? join(fleet, 'aggregator') : join(fleet, 'nodes', name);

async function delegate(call: Call): Promise<void> {
  const { options, output, flags } = call;
  const newRoot = flags['newRoot'] === true;
  const { rootKey } = options;
  const fleet = await openFleet(call);
  const entry = await fleet.delegate({ newRoot, ...(rootKey !== undefined && { rootKey }) });
  output.record({ type: 'delegation', ...entry });
  if (newRoot) {
    output.note(`made a new root key: take ${join(options.fleet, 'root')} offline`);
    output.note('now bring root.pub to every bridge and auditor (docs/OPERATIONS.md)');
  }
  const path = join(options.fleet, 'aggregator', roundKeyFile);
  output.note(
    `made ${path}, delegation ${entry.serial}: bring it to the aggregator and restart that`,
  );
}

async function renew(call: Call): Promise<void> {
  const { options, output, names } = call;
  const fleet = await openFleet(call);
  record(output, await fleet.renew(names, options.days));
  output.note(`made new keys and certificates; the old files are in ${join(options.fleet, 'old')}`);
  output.note('now bring them to where they are used and restart what uses them (docs/FLEET.md)');
}

async function revoke(call: Call): Promise<void> {
  const { output, names } = call;
  const fleet = await openFleet(call);
  record(output, await fleet.revoke(names));
  output.note(`revoked ${names.join(', ')}`);
  noteLists(call);
}

/** The broker knows of nothing before that. */
function noteLists({ options, output }: Call): void {
  const [acl, revoked] = [brokerFiles.acl, brokerFiles.revoked].map((file) =>
    join(options.fleet, 'broker', file),
  );
  output.note(`now bring ${acl} and ${revoked} to the broker and restart it (docs/FLEET.md)`);
}

/** The keys have no end: a delegation is over when bridges have seen the next. */
function listKeys({ options, output }: Call, { signing }: Fleet): void {
  const { root, delegations } = signing;
  const isHere = existsSync(join(options.fleet, 'root', 'root.key'));
  output.record({ type: 'root', key: root, here: isHere });
  output.line(`root key ${root.slice(0, 16)}: ${isHere ? 'here, take it offline' : 'elsewhere'}`);
  for (const entry of delegations) output.record({ type: 'delegation', ...entry });
  const newest = delegations.at(-1);
  if (!newest) return;
  const { serial, key, at } = newest;
  output.line(`round key ${key.slice(0, 16)}: delegation ${serial}, ${timeOf(at)}`);
}

const timeOf = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;

async function list(call: Call): Promise<void> {
  const { output } = call;
  const fleet = await openFleet(call);
  const reports = fleet.list();
  record(output, reports);
  const width = Math.max(4, ...reports.map(({ name }) => name.length));
  const columns = [
    { title: 'name', width },
    { title: 'serial', width: 16 },
    { title: 'valid until', width: 20 },
    { title: 'state', width: 7 },
  ];
  output.tableHead(columns);
  for (const { name, serial, notAfter, state } of reports) {
    output.tableRow(columns, [name, serial, timeOf(notAfter), state]);
  }
  listKeys(call, fleet);
}

/** A subcommand with its share of the settings, all of which may stand in linnet.yaml. */
function addSubcommand(
  fleet: Command,
  usage: string,
  text: string,
  table: SettingTable,
  run: (call: Call) => Promise<void>,
): Command {
  const command = fleet.command(usage).description(text);
  return addSettings(command, table).action(async (...args: unknown[]) => {
    const self = args.pop() as Command;
    const flags = args.pop() as Record<string, unknown>;
    const { output, configPath } = globalOptions(self);
    const options = resolveSettings('fleet', settings, flags, configPath);
    await run({ options, output, flags, names: (args[0] as string[] | undefined) ?? [] });
  });
}

export function addFleetCommand(program: Command): void {
  const fleet = program
    .command('fleet')
    .description('certificates, access list and signing keys of a fleet (docs/FLEET.md)');
  const newNodes = 'new keys and certificates for nodes, and their place in the access list';
  addSubcommand(
    fleet,
    'init',
    'makes an authority, a broker, an aggregator and a root key',
    settings,
    init,
  );
  addSubcommand(fleet, 'add <node...>', newNodes, daySettings, add);
  addSubcommand(
    fleet,
    'renew <name...>',
    'makes new keys and certificates for nodes, @aggregator or @broker',
    daySettings,
    renew,
  );
  addSubcommand(
    fleet,
    'revoke <name...>',
    'ends the certificates of nodes or of @aggregator',
    folderSettings,
    revoke,
  );
  addSubcommand(
    fleet,
    'delegate',
    'makes a new round key for the aggregator, signed by the root key',
    rootSettings,
    delegate,
  ).option('--new-root', 'make a new root key, because the one before is lost or stolen');
  addSubcommand(
    fleet,
    'list',
    'every certificate and its state, and the keys',
    folderSettings,
    list,
  );
}
