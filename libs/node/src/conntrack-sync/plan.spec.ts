import { describe, expect, test } from '@jest/globals';
import { type SlotDuty, type SlotView } from '@sluice/model';
import { addressIn, kernelMode, switchMode, syncPlan } from './plan.js';

const duty = (
  slot: number,
  order: readonly string[],
  recorded?: Partial<SlotDuty['recorded']>,
): SlotDuty => ({
  slot,
  pool: 'p',
  ordinal: slot,
  order,
  recorded: recorded === undefined ? undefined : { holder: '', epoch: 1, previous: undefined, ...recorded },
  addresses: [`198.18.0.${String(slot)}`],
});

const view = (slots: readonly SlotDuty[], draining: readonly string[] = []): SlotView => ({
  self: 'a',
  nodeId: 1,
  slots,
  peers: ['b', 'c', 'd'].map((name, at) => ({ name, nodeId: at + 2, uplinkMac: undefined })),
  draining: new Set(draining),
  nextHops: [],
});

const plain = (sets: ReadonlyMap<string, ReadonlySet<string>>): Record<string, readonly string[]> =>
  Object.fromEntries([...sets].map(([name, addresses]) => [name, [...addresses]]));

describe('what is told', () => {
  test('of open slots, and of those that drain here', () => {
    const slots = [
      duty(1, ['a', 'b'], { holder: 'a' }),
      duty(2, ['b', 'a'], { holder: 'b', previous: 'a' }),
      duty(3, ['b', 'a'], { holder: 'b' }),
      duty(4, ['a', 'b'], { holder: 'a' }),
    ];
    const plan = syncPlan(view(slots), new Set([1]), kernelMode);
    expect([...plan.published]).toEqual(['198.18.0.1', '198.18.0.2']);
    expect([...plan.carried]).toEqual(['198.18.0.1']);
  });
});

test('what is remembered is of before where another gateway holds the address, and this one serves nothing of it', () => {
  const slots = [
    duty(1, ['a', 'b'], { holder: 'b' }),
    duty(2, ['a', 'b'], { holder: 'b', previous: 'a' }),
    duty(3, ['a', 'b'], { holder: 'b', previous: 'c' }),
    duty(4, ['a', 'b'], { holder: 'a' }),
    duty(5, ['a', 'b']),
    // Open here: the cluster's record is late.
    duty(6, ['a', 'b'], { holder: 'b' }),
  ];
  const { foreign } = syncPlan(view(slots), new Set([4, 6]), switchMode);
  expect([...foreign]).toEqual(['198.18.0.1', '198.18.0.3']);
});

describe('what is copied', () => {
  test.each<readonly [string, SlotDuty, readonly string[], readonly string[]]>([
    ['the next', duty(1, ['b', 'a', 'c', 'd'], { holder: 'b' }), [], ['b', 'c', 'd']],
    ['the second after', duty(1, ['b', 'c', 'a', 'd'], { holder: 'b' }), [], ['b', 'c']],
    ['the third after', duty(1, ['b', 'c', 'd', 'a'], { holder: 'b' }), [], []],
    ['the third, when one leaves', duty(1, ['b', 'c', 'd', 'a'], { holder: 'b' }), ['c'], ['b', 'd']],
    ['not in the order', duty(1, ['b', 'c'], { holder: 'b' }), [], []],
    ['the holder', duty(1, ['a', 'b'], { holder: 'a' }), [], []],
    ['the holder, while another drains', duty(1, ['a', 'b'], { holder: 'a', previous: 'c' }), [], ['c']],
    ['nobody holds it yet', duty(1, ['a', 'b']), [], ['b', 'c', 'd']],
  ])('%s', (_name, slot, draining, expected) => {
    const { copied } = syncPlan(view([slot], draining), new Set(), kernelMode);
    expect([...copied.keys()]).toEqual(expected);
  });
});

describe('what a snapshot may end', () => {
  test('addresses that the gateway alone holds', () => {
    const slots = [
      duty(1, ['b', 'a'], { holder: 'b' }),
      duty(2, ['b', 'a'], { holder: 'b', previous: 'c' }),
      duty(3, ['b', 'a'], { holder: 'b' }),
      duty(4, ['b', 'a'], { holder: 'c' }),
    ];
    // Slot 3 is open here: the cluster's record is late.
    expect(plain(syncPlan(view(slots), new Set([3]), kernelMode).settled)).toEqual({
      b: ['198.18.0.1'],
      c: ['198.18.0.4'],
    });
  });
});

describe('where copies are told apart from own connections', () => {
  const plan = (slots: readonly SlotDuty[]) => syncPlan(view(slots), new Set(), switchMode);

  test('a holder copies nothing of what the former one serves', () => {
    expect(plan([duty(1, ['a', 'b'], { holder: 'a', previous: 'b' })]).copied.size).toBe(0);
  });

  test('the former holder copies what the new one tells, and ends what it tells no more', () => {
    const { copied, settled } = plan([duty(1, ['b', 'a'], { holder: 'b', previous: 'a' })]);
    expect(plain(copied)).toMatchObject({ b: ['198.18.0.1'] });
    expect(plain(settled)).toEqual({ b: ['198.18.0.1'] });
  });

  test('what two others serve is not ended by one of them', () => {
    expect(plan([duty(1, ['b', 'a'], { holder: 'b', previous: 'c' })]).settled.size).toBe(0);
  });
});

describe('a connection is of the address', () => {
  const addresses = new Set(['198.18.0.1']);
  const found = (source: string, destination: string, answersTo: string) =>
    addressIn(addresses, { source, destination }, answersTo);

  test('that it leaves with', () => {
    expect(found('10.244.1.5', '203.0.113.10', '198.18.0.1')).toBe('198.18.0.1');
    expect(found('10.244.1.5', '203.0.113.10', '198.18.0.2')).toBeUndefined();
  });

  test('that it came to', () => {
    expect(found('192.0.2.9', '198.18.0.1', '192.0.2.9')).toBe('198.18.0.1');
    expect(found('192.0.2.9', '198.18.0.2', '192.0.2.9')).toBeUndefined();
  });

  test("and not of another gateway's that a Pod asks", () => {
    expect(found('10.244.1.5', '198.18.0.1', '198.18.0.2')).toBeUndefined();
  });
});
