/** On a real Open vSwitch: one zone plays the gateway that carries, another one its successor. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { ManualClock } from '@sluice/core';
import { type ConntrackEntry, type NewConnection, protocols, recreation } from '@sluice/netlink';
import { replayFrame } from '../frames/replay.js';
import { realSwitch, type RealSwitch } from '../switch/testing/real-switch.js';
import { type ConnectionTable } from './ports.js';
import { SwitchTable } from './switch-table.js';
import { address, egress } from './testing/connections.js';

const zones = { carrier: 1, successor: 2 } as const;

let there: RealSwitch;
let clock: ManualClock;
let carrier: SwitchTable;
let successor: SwitchTable;

beforeAll(async () => {
  there = await realSwitch();
});
afterAll(() => there.stop());

beforeEach(() => {
  clock = new ManualClock();
  carrier = new SwitchTable({ clock, switch: there.ovs, zone: zones.carrier });
  successor = new SwitchTable({ clock, switch: there.ovs, zone: zones.successor });
});
afterEach(async () => {
  for (const zone of Object.values(zones)) await there.real.appctl('dpctl/flush-conntrack', `zone=${zone}`);
});

/** As traffic of a Pod would begin it. */
const begin = (zone: number, port: number, becomes: number): Promise<void> =>
  there.ovs.makeConnections(zone, [
    {
      frame: replayFrame({
        protocol: 'tcp',
        source: '10.244.1.5',
        destination: '203.0.113.10',
        sourcePort: port,
        destinationPort: 443,
      }),
      mark: 0x7_0003,
      source: { address, port: becomes },
    },
  ]);

/** A packet-out has no answer: until the switch has worked on it. */
async function lines(zone: number, count: number): Promise<readonly string[]> {
  for (;;) {
    const found = (await there.ovs.connections(zone))
      .split('\n')
      .filter((line) => line.startsWith('tcp,') || line.startsWith('udp,'));
    if (found.length === count) return found.toSorted();
  }
}

async function shown(table: Pick<ConnectionTable, 'dump'>): Promise<readonly ConntrackEntry[]> {
  const entries: ConntrackEntry[] = [];
  await table.dump((entry) => entries.push(entry));
  return entries;
}

const told = async (): Promise<readonly NewConnection[]> =>
  (await shown(carrier.own)).map((entry) => recreation({ ...entry, zone: zones.successor }, 300));

test('only connections whose port was changed are told of', async () => {
  await begin(zones.carrier, 40_000, 40_000);
  await begin(zones.carrier, 40_001, 5000);
  await lines(zones.carrier, 2);
  expect(await told()).toEqual([
    egress(40_001, { zone: zones.successor, sourceNat: { address, port: 5000 } }),
  ]);
});

test('a copy is the same connection', async () => {
  await begin(zones.carrier, 40_001, 5000);
  const [there] = await lines(zones.carrier, 1);
  expect(await successor.copied.insert(await told())).toMatchObject({ done: 1, passed: [] });
  const [here] = await lines(zones.successor, 1);
  expect(here).toBe(there?.replace('zone=1', 'zone=2'));
});

test('IPv6 and datagrams', async () => {
  const original = {
    source: 'fd00:244:1::5',
    destination: '2001:db8:203::10',
    protocol: protocols.udp,
    transport: { kind: 'ports', source: 5353, destination: 53 },
  } as const;
  const sourceNat = { address: '2001:db8:18::100', port: 1053 };
  await successor.copied.insert([egress(0, { zone: zones.successor, original, sourceNat })]);
  const [line] = await lines(zones.successor, 1);
  expect(line).toBe(
    'udp,orig=(src=fd00:244:1::5,dst=2001:db8:203::10,sport=5353,dport=53),reply=(src=2001:db8:203::10,dst=2001:db8:18::100,sport=53,dport=1053),zone=2,mark=458755',
  );
  expect(await successor.copied.delete([original])).toMatchObject({ done: 1 });
  await lines(zones.successor, 0);
});

test("a copy is not one of the successor's own, until it carries the address", async () => {
  await begin(zones.carrier, 40_001, 5000);
  await lines(zones.carrier, 1);
  await successor.copied.insert(await told());
  await lines(zones.successor, 1);
  expect(await shown(successor.own)).toEqual([]);
  expect(successor.withoutCopies(await there.ovs.connections(zones.successor))).not.toContain('sport=40001');
  successor.adopt(new Set(['198.18.0.7']));
  expect(await shown(successor.own)).toEqual([]);
  successor.adopt(new Set([address]));
  expect(await shown(successor.own)).toHaveLength(1);
  expect(successor.withoutCopies(await there.ovs.connections(zones.successor))).toContain('sport=40001');
});

test('of an address that another gateway has only copies are kept', async () => {
  const copies = [40_001, 40_003].map((port) =>
    egress(port, { sourceNat: { address, port: 5000 + (port % 10) } }),
  );
  await begin(zones.successor, 40_002, 5002);
  // The same connection had another port at an earlier time.
  await begin(zones.successor, 40_003, 6003);
  await successor.copied.insert(copies);
  await lines(zones.successor, 3);
  const ends = (...addresses: readonly string[]) => successor.endStale((found) => addresses.includes(found));
  // Of another address, and the one that the Pod asks.
  await ends('198.18.0.7', '203.0.113.10');
  await lines(zones.successor, 3);
  await ends(address);
  expect(await lines(zones.successor, 1)).toEqual([expect.stringContaining('sport=40001')]);
  expect(await successor.copied.insert(copies)).toMatchObject({ done: 1, passed: [0] });
  const [, made] = await lines(zones.successor, 2);
  expect(made).toContain('dport=5003');
});

test('a copy is ended, and nothing else is', async () => {
  await begin(zones.successor, 40_002, 5002);
  await successor.copied.insert([egress(40_001, { sourceNat: { address, port: 5000 } })]);
  await lines(zones.successor, 2);
  const originals = [40_001, 40_002].map((port) => egress(port).original);
  expect(await successor.copied.delete(originals)).toMatchObject({ done: 1, passed: [1] });
  expect(await lines(zones.successor, 1)).toEqual([expect.stringContaining('sport=40002')]);
});

test('a copy is made anew before it would end, and after the switch was restarted', async () => {
  const copy = [egress(40_001, { sourceNat: { address, port: 5000 } })];
  expect(await successor.copied.insert(copy)).toMatchObject({ done: 1, passed: [] });
  clock.advance(14_000);
  expect(await successor.copied.insert(copy)).toMatchObject({ done: 0, passed: [0] });
  clock.advance(1000);
  expect(await successor.copied.insert(copy)).toMatchObject({ done: 1, passed: [] });
  successor.forget();
  expect(await successor.copied.insert(copy)).toMatchObject({ done: 1, passed: [] });
  expect(await lines(zones.successor, 1)).toHaveLength(1);
});

test('a copy whose answers belong to another connection takes them from nobody', async () => {
  await begin(zones.successor, 40_002, 5000);
  await lines(zones.successor, 1);
  await successor.copied.insert([egress(40_001, { sourceNat: { address, port: 5000 } })]);
  await begin(zones.successor, 40_003, 5003);
  // One after the other: what came last is there, the copy is not.
  const ports = (await lines(zones.successor, 2)).map((line) => /sport=(\d+)/.exec(line)?.[1]);
  expect(ports).toEqual(['40002', '40003']);
});
