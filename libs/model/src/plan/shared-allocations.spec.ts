/** Who shares an address with whom, and which Pods leave with it. */
import { describe, expect, test } from '@jest/globals';
import { changed, loadBalancer, pair, settle, shown } from './testing/service-plans.js';

describe('with a sharing key', () => {
  const sharing = (name: string, port: number, annotations = {}) =>
    loadBalancer(name, { ports: [{ port }] }, { 'sluice.dev/shared-address': 'web', ...annotations });

  test('Services of different ports share an address, and it says who they are', () => {
    const { services, addresses } = settle({ services: [sharing('http', 80), sharing('https', 443)] });
    expect(shown(services)).toEqual({ http: pair(0), https: pair(0) });
    expect(addresses).toMatchObject([
      { spec: { claim: { name: 'http' }, sharedWith: [{ name: 'https', uid: 'uid-https' }] } },
    ]);
  });

  test('one whose port is taken gets an address of its own', () => {
    const { services } = settle({ services: [sharing('a', 80), sharing('b', 80), sharing('c', 81)] });
    expect(shown(services)).toEqual({ a: pair(0), b: pair(1), c: pair(0) });
  });

  test('when as many share it as its object has room for, the next ones share another', () => {
    const many = Array.from({ length: 259 }, (_, at) => sharing(`s-${String(at)}`, 1000 + at));
    const { services, addresses } = settle({ services: many });
    const found = Object.values(shown(services)).map((own) => own.join());
    const counts = [...Map.groupBy(found, (text) => text)].map(([text, own]) => [text, own.length]);
    expect(counts).toEqual([
      [pair(0).join(), 257],
      [pair(1).join(), 2],
    ]);
    expect(addresses.map(({ spec }) => spec.sharedWith?.length)).toEqual([256, 1]);
  });

  test('when as many leave with it as its object has room for, the next ones leave with another', () => {
    const leaving = (name: string, port: number) =>
      loadBalancer(
        name,
        { ports: [{ port }], selector: { app: name } },
        { 'sluice.dev/shared-address': 'web', 'sluice.dev/egress': 'service' },
      );
    const many = Array.from({ length: 33 }, (_, at) => leaving(`s-${String(at)}`, 1000 + at));
    const { addresses } = settle({ services: many });
    expect(addresses.map(({ spec }) => spec.pods?.length)).toEqual([32, 1]);
  });

  test('one that asks for an address whose port is taken is told so', () => {
    const asking = sharing('b', 80, { 'sluice.dev/address': pair(0).join(',') });
    const { services, problems } = settle({ services: [sharing('a', 80), asking] });
    expect(shown(services)).toEqual({ a: pair(0), b: [] });
    expect(problems).toMatchObject([
      { reason: 'AddressInUse', message: expect.stringMatching(/Service a has TCP\/80 of it/) },
    ]);
  });

  test('one that asks for the address of another by name shares it', () => {
    const asking = sharing('b', 81, { 'sluice.dev/address': '198.18.0.96' });
    expect(shown(settle({ services: [sharing('a', 80), asking] }).services)).toEqual({
      a: pair(0),
      b: pair(0),
    });
  });

  test.each([
    ['no key', {}],
    ['another key', { 'sluice.dev/shared-address': 'other' }],
  ])('nobody with %s shares it', (_, annotations) => {
    const other = loadBalancer('b', { ports: [{ port: 81 }] }, annotations);
    expect(shown(settle({ services: [sharing('a', 80), other] }).services)).toEqual({
      a: pair(0),
      b: pair(1),
    });
  });

  test('nor anybody of another namespace', () => {
    const there = sharing('b', 81);
    const elsewhere = { ...there, metadata: { ...there.metadata, namespace: 'zoo' } };
    expect(shown(settle({ services: [sharing('a', 80), elsewhere] }).services).b).toEqual(pair(1));
  });

  test('it stays with those who are left, and is free after the last', () => {
    const before = settle({ services: [sharing('a', 80), sharing('b', 81)] });
    const after = settle({ ...before, services: before.services.slice(1) });
    expect(shown(after.services)).toEqual({ b: pair(0) });
    expect(after.addresses[0]?.spec).toMatchObject({ claim: { name: 'b', uid: 'uid-b' } });
    expect(after.addresses[0]?.spec.sharedWith).toBeUndefined();
    expect(settle({ ...after, services: [] }).addresses).toEqual([]);
  });

  test('two that begin to share keep what they have', () => {
    const before = settle({ services: [loadBalancer('a', { ports: [{ port: 80 }] }), sharing('b', 81)] });
    const [a, ...others] = before.services;
    const now = [changed(a, {}, { 'sluice.dev/shared-address': 'web' }), ...others];
    expect(shown(settle({ ...before, services: now }).services)).toEqual(shown(before.services));
  });
});

describe('Pods that leave with the address of their Service', () => {
  const asking = { 'sluice.dev/egress': 'service' };
  const selector = { app: 'web' };

  test('are named with the address', () => {
    const { addresses } = settle({ services: [loadBalancer('web', { selector }, asking)] });
    expect(addresses[0]?.spec.pods).toEqual([{ matchLabels: selector }]);
  });

  test('are not any more when the Service does not ask', () => {
    const before = settle({ services: [loadBalancer('web', { selector }, asking)] });
    const services = [changed(before.services[0], {}, { 'sluice.dev/egress': '' })];
    expect(settle({ ...before, services }).addresses[0]?.spec.pods).toBeUndefined();
  });

  test('are none of a Service without selector', () => {
    const { addresses } = settle({ services: [loadBalancer('web', { selector: {} }, asking)] });
    expect(addresses[0]?.spec.pods).toBeUndefined();
  });
});
