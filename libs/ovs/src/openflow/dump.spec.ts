/** Dumps as bytes; what a real Open vSwitch says is held against what was written in the specs of the datapath. */
import { describe, expect, test } from '@jest/globals';
import { CodecError, OvsError } from '../errors.js';
import { flowDump, groupDump } from './dump.js';
import { type Flow } from './flow.js';
import { writeFlowStats } from './codec/flow.js';
import { parseFlow } from './text/flow.js';
import { parseGroup } from './text/group.js';
import { Writer } from './wire/writer.js';

const flow = (text: string, cookie = 7n): Flow => ({ ...parseFlow(text), cookie });
const web = flow('table=3,priority=100,tcp,reg4=0x5,reg5=0x1/0xff,tp_dst=80,actions=resubmit(,7)');
const dns = flow('table=3,priority=100,udp,tp_dst=53,actions=resubmit(,8)');
const elsewhere: Flow = { ...web, actions: dns.actions };
const group = parseGroup('group_id=9,type=select,bucket=bucket_id:1,weight:2,actions=output:1');

/** As a switch says it of a flow that packets have used. */
function body(...flows: readonly Flow[]): Uint8Array {
  const writer = new Writer();
  for (const each of flows) {
    writeFlowStats(writer, {
      flow: each,
      ...{ packets: 5n, bytes: 700n, durationSeconds: 3, durationNanoseconds: 4 },
    });
  }
  return writer.take();
}

describe('what is there is told from what is wanted', () => {
  const dump = flowDump.parse([body(web), body(dns)]);

  test.each<readonly [string, readonly Flow[], readonly Flow[], readonly Flow[]]>([
    ['the same, whatever their counters are', [web, dns], [], []],
    ['in another order of the match', [{ ...web, match: web.match.toReversed() }, dns], [], []],
    ['one more', [web, dns, flow('table=4,actions=drop')], [flow('table=4,actions=drop')], []],
    ['one less', [dns], [], [web]],
    ['other actions', [elsewhere, dns], [elsewhere], [web]],
    ['another owner', [{ ...web, cookie: 8n }, dns], [{ ...web, cookie: 8n }], [web]],
    ['a timeout', [{ ...web, idleTimeout: 9 }, dns], [{ ...web, idleTimeout: 9 }], [web]],
    ['another priority', [{ ...web, priority: 99 }, dns], [{ ...web, priority: 99 }], [web]],
  ])('%s', (_, wanted, missing, left) => {
    expect(dump.unlike(wanted)).toEqual({ missing, left });
  });

  test('by whose they are', () => {
    const mixed = flowDump.parse([body(web, { ...dns, cookie: 8n })]);
    const own = mixed.filter(({ cookie }) => cookie === 8n);
    expect([mixed.size, own.size, own.items()]).toEqual([2, 1, [{ ...dns, cookie: 8n }]]);
  });

  test('groups by their ids', () => {
    const dumped = groupDump.of([group, { ...group, id: 10 }]);
    expect(dumped.filter(({ id }) => id === 9).unlike([group])).toEqual({ missing: [], left: [] });
    const changed = { ...group, buckets: [] };
    expect(dumped.filter(({ id }) => id === 9).unlike([changed])).toEqual({
      missing: [changed],
      left: [group],
    });
  });
});

describe('bytes that cannot be right', () => {
  const bytes = body(web, dns);

  test.each([
    ['cut off', bytes.subarray(0, bytes.length - 8)],
    ['a rest that is too short', bytes.subarray(0, bytes.length - body(dns).length + 2)],
    ['no length', new Uint8Array(16)],
  ])('%s', (_, broken) => {
    expect(() => flowDump.parse([broken])).toThrow(CodecError);
  });

  test('of a flow that nobody can read are told when it is read, and not before', () => {
    const unreadable = body(web);
    // The class of the first field of the match.
    unreadable.set([0x12, 0x34], 28);
    const dump = flowDump.parse([unreadable, body(dns)]);
    expect(dump.size).toBe(2);
    expect(() => dump.unlike([dns])).toThrow(OvsError);
    expect(() => dump.items()).toThrow('table 3, priority 100');
    expect(dump.filter(({ cookie }) => cookie !== 7n).items()).toEqual([]);
  });

  test('inside of an entry are refused by an error of the library', () => {
    for (let at = 4; at < bytes.length; at++) {
      const broken = Uint8Array.from(bytes);
      broken[at] = 0xff;
      try {
        flowDump.parse([broken]).unlike([web]);
      } catch (error) {
        expect(error).toBeInstanceOf(OvsError);
      }
    }
  });
});
