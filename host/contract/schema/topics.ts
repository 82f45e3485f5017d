/** Who uses topics: nodes, each under its own name and through a bridge, and the aggregator. */
export type TopicRole = 'node' | 'aggregator';

export interface Topic {
  readonly name: string;
  readonly pattern: string;
  /** What a broker's access list allows. A node writes and reads {node} only as its own name. */
  readonly writer: TopicRole;
  readonly readers: readonly TopicRole[];
  readonly retained: boolean;
  readonly payload: string;
  readonly text: string;
}

export const topics: readonly Topic[] = [
  {
    name: 'serverState',
    pattern: '{base}/{federation}/srv/state',
    writer: 'aggregator',
    readers: ['node'],
    retained: true,
    payload: 'ServerState',
    text: 'the aggregator’s state',
  },
  {
    name: 'announcement',
    pattern: '{base}/{federation}/mdl/{model}/ann',
    writer: 'aggregator',
    readers: ['node'],
    retained: true,
    payload: 'Announcement',
    text: 'the published version',
  },
  {
    name: 'proof',
    pattern: '{base}/{federation}/mdl/{model}/proof',
    writer: 'aggregator',
    readers: ['node'],
    retained: true,
    payload: 'Proof',
    text: 'who vouches for it',
  },
  {
    name: 'object',
    pattern: '{base}/{federation}/obj/{hash}/{offset}',
    writer: 'aggregator',
    readers: ['node'],
    retained: true,
    payload: 'bytes',
    text: 'slice of a snapshot, difference, descriptor or kernel; empty payload clears it',
  },
  {
    name: 'birth',
    pattern: '{base}/{federation}/n/{node}/birth',
    writer: 'node',
    readers: ['aggregator'],
    retained: true,
    payload: 'Birth',
    text: 'the node is reachable through its bridge',
  },
  {
    name: 'death',
    pattern: '{base}/{federation}/n/{node}/death',
    writer: 'node',
    readers: ['aggregator'],
    retained: true,
    payload: 'Death',
    text: 'last will of the node’s connection',
  },
  {
    name: 'want',
    pattern: '{base}/{federation}/n/{node}/want',
    writer: 'node',
    readers: ['aggregator'],
    retained: false,
    payload: 'Want',
    text: 'asks for what did not come by itself',
  },
  {
    name: 'status',
    pattern: '{base}/{federation}/n/{node}/stat',
    writer: 'node',
    readers: ['aggregator'],
    retained: true,
    payload: 'NodeStatus',
    text: 'how the node is, after each definite receipt and now and then',
  },
  {
    name: 'receipt',
    pattern: '{base}/{federation}/n/{node}/rcpt',
    writer: 'aggregator',
    readers: ['node'],
    retained: false,
    payload: 'Receipt',
    text: 'what became of an upload',
  },
  {
    name: 'authorisation',
    pattern: '{base}/{federation}/n/{node}/auth',
    writer: 'aggregator',
    readers: ['node'],
    retained: true,
    payload: 'Authorisation',
    text: 'tag of the announcement for a node with a key',
  },
  {
    name: 'upload',
    pattern: '{base}/{federation}/up/{model}/{version}/{shard}/{node}',
    writer: 'node',
    readers: ['aggregator'],
    retained: false,
    payload: 'Envelope',
    text: 'a contribution',
  },
];
