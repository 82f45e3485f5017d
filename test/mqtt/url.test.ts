import { describe, expect, it } from 'vitest';
import { parseMqttUrl } from '../../host/mqtt/url.js';

describe('MQTT address', () => {
  it.each([
    ['mqtt://host', { brokerUrl: 'mqtt://host:1883', base: 'linnet' }],
    ['mqtts://host/', { brokerUrl: 'mqtts://host:8883', base: 'linnet' }],
    ['mqtt://host:1884/site', { brokerUrl: 'mqtt://host:1884', base: 'site' }],
    ['mqtt://host/a/b/', { brokerUrl: 'mqtt://host:1883', base: 'a/b' }],
    ['mqtt://[::1]:1883/x', { brokerUrl: 'mqtt://[::1]:1883', base: 'x' }],
    [
      'mqtts://me:p%40ss@host:9000/base',
      { brokerUrl: 'mqtts://host:9000', base: 'base', username: 'me', password: 'p@ss' },
    ],
    ['mqtt://me@host', { brokerUrl: 'mqtt://host:1883', base: 'linnet', username: 'me' }],
  ])('%s', (url, expected) => {
    expect(parseMqttUrl(url)).toEqual(expected);
  });

  it.each([
    'host',
    'http://host',
    'mqtt://',
    'mqtt://host/a//b',
    'mqtt://host/a/+',
    'mqtt://host/%23',
  ])('refuses %s and says how to write one', (url) => {
    expect(() => parseMqttUrl(url)).toThrow(
      expect.objectContaining({
        code: 'ERR_USAGE',
        remedy: expect.stringContaining('mqtt://user@host') as string,
      }),
    );
  });

  it('does not repeat a password', () => {
    for (const url of [
      'mqtt://me:secret@host/+',
      'mqtt://me:secret@ho st/x',
      'ws://me:secret@host',
    ]) {
      expect(() => parseMqttUrl(url)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('secret') as string }),
      );
    }
  });
});
