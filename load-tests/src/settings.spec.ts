import { describe, expect, it } from '@jest/globals';
import { settingsFrom } from './settings.js';

describe('settings', () => {
  it('need one target and have defaults for the rest', () => {
    expect(settingsFrom({ LOAD_HTTP: '198.18.0.3:30080' })).toEqual({
      targets: [
        { name: 'http 198.18.0.3:30080', protocol: 'http', host: '198.18.0.3', port: 30080, affine: false },
      ],
      sources: [],
      scale: { rate: 1, time: 1 },
      cluster: { kubectl: 'kubectl', namespace: 'sluice-load', deployment: 'backend' },
      directory: 'load-results',
    });
  });

  it('take several targets, of both families and by name', () => {
    const { targets } = settingsFrom({
      LOAD_HTTP: 'lb.example:80, [2001:db8::3]:30080',
      LOAD_TCP: '198.18.0.3:9376',
      LOAD_AFFINITY: 'lb.example:81',
    });
    expect(targets.map(({ name, host, affine }) => [name, host, affine])).toEqual([
      ['http lb.example:80', 'lb.example', false],
      ['http [2001:db8::3]:30080', '2001:db8::3', false],
      ['tcp 198.18.0.3:9376', '198.18.0.3', false],
      ['affinity lb.example:81', 'lb.example', true],
    ]);
  });

  it('take factors, sources and the number of endpoints', () => {
    const settings = settingsFrom({
      LOAD_TCP: 'a:1',
      LOAD_RATE: '0.5',
      LOAD_TIME: '2',
      LOAD_SOURCES: '198.18.0.32,2001:db8:18::40',
      LOAD_ENDPOINTS: '4',
    });
    expect(settings).toMatchObject({
      scale: { rate: 0.5, time: 2 },
      sources: ['198.18.0.32', '2001:db8:18::40'],
      endpoints: 4,
    });
  });

  it('say what to do when there is nothing to visit', () => {
    expect(() => settingsFrom({ LOAD_HTTP: ' ' })).toThrow('LOAD_HTTP=198.18.0.3:30080');
  });

  it.each([
    ['LOAD_HTTP', '198.18.0.3', 'HOST:PORT'],
    ['LOAD_HTTP', '2001:db8::3:80', 'HOST:PORT'],
    ['LOAD_HTTP', '[198.18.0.3]:80', 'HOST:PORT'],
    ['LOAD_TCP', 'a:0', 'HOST:PORT'],
    ['LOAD_TCP', 'a:65536', 'HOST:PORT'],
    ['LOAD_AFFINITY', 'http://a:80', 'HOST:PORT'],
    ['LOAD_SOURCES', 'eth0', 'no address'],
    ['LOAD_RATE', '0', 'a number above 0'],
    ['LOAD_TIME', 'long', 'a number above 0'],
    ['LOAD_ENDPOINTS', '1.5', 'a whole number'],
  ])('refuse %s=%s', (variable, text, hint) => {
    const wrong = () => settingsFrom({ LOAD_HTTP: 'a:80', [variable]: text });
    expect(wrong).toThrow(`${variable}: "${text}"`);
    expect(wrong).toThrow(hint);
  });

  it('tell all mistakes at once', () => {
    expect(() => settingsFrom({ LOAD_HTTP: 'a', LOAD_RATE: '-1' })).toThrow(/^LOAD_HTTP: .*\nLOAD_RATE: /);
  });
});
