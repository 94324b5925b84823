/** The text and the bytes against a real ovs-ofctl and ovs-vswitchd. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { exchange } from '../testing/raw-connection.js';
import { RealOvs } from '../testing/real-ovs.js';
import { flowTexts, groupTexts, meterTexts } from './testing/texts.js';
import { type Flow, type Group, type Meter } from './flow.js';
import { flowBody, flowKey, groupBody, meterBody } from './keys.js';
import { type Message, type MultipartReply, type MultipartRequest } from './messages.js';
import { formatFlow, parseFlow } from './text/flow.js';
import { formatGroup, parseGroup } from './text/group.js';
import { formatMeter, parseMeter } from './text/meter.js';

const bridge = 'br0';
let ovs: RealOvs;

beforeAll(async () => {
  ovs = await RealOvs.start();
  await ovs.addBridge(bridge, [1, 2, 3, 257, 259, 260]);
  for (const text of meterTexts) await ovs.ofctl(['add-meter', bridge, text]);
  for (const text of groupTexts) await ovs.ofctl(['add-group', bridge, text]);
}, 60_000);

afterAll(() => ovs.stop());

const send = async (...messages: readonly Message[]): Promise<readonly Message[]> => {
  const { messages: replies } = await exchange(ovs.managementSocket(bridge), messages);
  return replies.filter(({ type }) => type !== 'hello');
};

type Kind = MultipartReply['kind'];
async function dump<K extends Kind>(kind: K): Promise<readonly Extract<MultipartReply, { kind: K }>[]> {
  const request = kind === 'flow' ? ({ kind: 'flow', filter: {} } as const) : ({ kind } as MultipartRequest);
  const replies = await send({ type: 'multipart_request', request });
  return replies.flatMap((reply) =>
    reply.type === 'multipart_reply' && reply.reply.kind === kind
      ? [reply.reply as Extract<MultipartReply, { kind: K }>]
      : [],
  );
}

const dumpedFlows = async (): Promise<readonly Flow[]> =>
  (await dump('flow')).flatMap(({ flows }) => flows.map(({ flow }) => flow));
const dumpedGroups = async (): Promise<readonly Group[]> =>
  (await dump('group_desc')).flatMap(({ groups }) => groups);
const dumpedMeters = async (): Promise<readonly Meter[]> =>
  (await dump('meter_desc')).flatMap(({ meters }) => meters);

const dumpedLines = async (command: readonly string[]): Promise<readonly string[]> =>
  (await ovs.ofctl([...command, bridge]))
    .split('\n')
    .filter((line) => line.startsWith(' '))
    .map((line) => line.slice(1));

const clear: Message = { type: 'flow_mod', mod: { command: 'delete', filter: {} } };
const add = (flow: Flow): Message => ({ type: 'flow_mod', mod: { command: 'add', flow } });

describe('flows', () => {
  test.each(flowTexts)('%s', async (text) => {
    const flow = parseFlow(text);
    expect(await send(clear, add(flow))).toEqual([]);
    const [back] = await dumpedFlows();
    const [line] = await dumpedLines(['dump-flows', '--no-stats', '--no-names']);
    if (back === undefined || line === undefined) throw new Error('the flow is not there');
    expect(formatFlow(flow)).toBe(line);
    expect(formatFlow(back)).toBe(line);
    expect(flowKey(back)).toBe(flowKey(flow));
    expect(flowBody(back)).toBe(flowBody(flow));
    expect(parseFlow(line)).toEqual(back);
    // What ovs-ofctl makes of the same words is the same flow.
    await ovs.ofctl(['del-flows', bridge]);
    await ovs.ofctl(['add-flow', bridge, text]);
    expect(await dumpedFlows()).toEqual([back]);
  });
});

describe('groups', () => {
  test('all of them', async () => {
    const lines = await dumpedLines(['dump-groups']);
    expect(groupTexts.map(parseGroup).map(formatGroup).sort()).toEqual([...lines].sort());
    const byAnother = await dumpedGroups();
    for (const group of groupTexts.map(parseGroup)) {
      expect(await send({ type: 'group_mod', mod: { command: 'add_or_modify', group } })).toEqual([]);
    }
    const ours = await dumpedGroups();
    const byId = (a: Group, b: Group): number => a.id - b.id; // the switch gives them in the order of a hash
    expect(ours.toSorted(byId)).toEqual(byAnother.toSorted(byId));
    expect(ours.map(groupBody).sort()).toEqual(groupTexts.map(parseGroup).map(groupBody).sort());
    expect(lines.map(parseGroup).map(formatGroup)).toEqual(lines);
  });
});

describe('meters', () => {
  test('all of them', async () => {
    const ofctls = await dumpedMeters();
    expect(ofctls.map(meterBody)).toEqual(meterTexts.map(parseMeter).map(meterBody));
    const blocks = (await ovs.ofctl(['dump-meters', bridge])).split(/\n(?=meter)/).slice(1);
    expect(blocks.map(parseMeter)).toEqual(ofctls);
    await send({ type: 'meter_mod', mod: { command: 'delete' } });
    for (const meter of meterTexts.map(parseMeter)) {
      expect(await send({ type: 'meter_mod', mod: { command: 'add', meter } })).toEqual([]);
    }
    expect((await dumpedMeters()).map(formatMeter)).toEqual(ofctls.map(formatMeter));
  });
});
