import { addTraffic, noTraffic } from '../bridge/status-keeper.js';
import type { Traffic } from '../contract/contract.gen.js';
import type { TrafficRow } from '../federated/ledger.js';
import { byteSize } from './output.js';

export function sumTraffic(rows: readonly TrafficRow[]): Traffic {
  return rows.reduce((sum, { traffic }) => addTraffic(sum, traffic), noTraffic);
}

/** Up and down, as payload, on MQTT and on the link. */
export function describeTraffic(traffic: Traffic): string {
  const { payloadUp, payloadDown, linkUp, linkDown, mqttUp, mqttDown } = traffic;
  const pair = (up: number, down: number): string => `${byteSize(up)} ↑ ${byteSize(down)} ↓`;
  return `payload ${pair(payloadUp, payloadDown)}, MQTT ${pair(mqttUp, mqttDown)}, link ${pair(linkUp, linkDown)}`;
}
