import type { Traffic } from '../contract/contract.gen.js';
import type { TrafficRow } from '../federated/ledger.js';
import { byteSize } from './output.js';

const none: Traffic = {
  payloadUp: 0,
  payloadDown: 0,
  linkUp: 0,
  linkDown: 0,
  mqttUp: 0,
  mqttDown: 0,
};

export function sumTraffic(rows: readonly TrafficRow[]): Traffic {
  return rows.reduce((sum, { traffic }) => {
    return {
      payloadUp: sum.payloadUp + traffic.payloadUp,
      payloadDown: sum.payloadDown + traffic.payloadDown,
      linkUp: sum.linkUp + traffic.linkUp,
      linkDown: sum.linkDown + traffic.linkDown,
      mqttUp: sum.mqttUp + traffic.mqttUp,
      mqttDown: sum.mqttDown + traffic.mqttDown,
    };
  }, none);
}

/** Up and down, as payload, on MQTT and on the link. */
export function describeTraffic(traffic: Traffic): string {
  const { payloadUp, payloadDown, linkUp, linkDown, mqttUp, mqttDown } = traffic;
  const pair = (up: number, down: number): string => `${byteSize(up)} ↑ ${byteSize(down)} ↓`;
  return `payload ${pair(payloadUp, payloadDown)}, MQTT ${pair(mqttUp, mqttDown)}, link ${pair(linkUp, linkDown)}`;
}
