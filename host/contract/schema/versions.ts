export interface Version {
  readonly name: string;
  readonly value: number;
  readonly text: string;
}

/** Versions are negotiated in HELLO or checked on read; each moves on its own. */
export const versions: readonly Version[] = [
  { name: 'PROTOCOL', value: 1, text: 'link messages between a device and its host' },
  { name: 'KERNEL_ABI', value: 3, text: 'exports of kernel.wasm and the parameter block' },
  { name: 'NUMERICS', value: 2, text: 'the arithmetic: equal ids give equal bits' },
  {
    name: 'INTRINSIC_SET',
    value: 1,
    text: 'native functions an accelerated kernel imports; a portable one imports none and says 0',
  },
  { name: 'DESCRIPTOR_FORMAT', value: 1, text: 'model descriptor' },
  { name: 'SNAPSHOT_FORMAT', value: 1, text: 'weights of a model version' },
  { name: 'WIRE_FORMAT', value: 2, text: 'announcements, envelopes, receipts and states on MQTT' },
];
