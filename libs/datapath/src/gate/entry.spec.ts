import { expect, test } from '@jest/globals';
import { formatFlow } from '@sluice/ovs';
import { type GateEntry, type GateForm, gateEntryOf, gateFlow } from './entry.js';

const entry = (form: GateForm, otherHolder = 0, parting = false): GateEntry => ({
  slot: 1025,
  form,
  epoch: 1_795_000_000_123,
  otherHolder,
  parting,
  incarnation: 0xabcdef012345,
});

test.each(['armed', 'open', 'retiring'] as const)('a process that starts reads back what is %s', (form) => {
  expect(gateEntryOf(gateFlow(entry(form, 4)))).toEqual(entry(form, 4));
});

test('a process that starts reads back whether the other holder is parting', () => {
  expect(gateEntryOf(gateFlow(entry('open', 4, true)))).toEqual(entry('open', 4, true));
});

test('as ovs-ofctl writes it', () => {
  expect(formatFlow(gateFlow(entry('open', 4)))).toBe(
    'cookie=0x6a00abcdef012345, table=23, hard_timeout=6, priority=100,reg7=0x401/0xffff actions=' +
      'set_field:0x1a1ee565e7b->metadata,set_field:0x20/0x30->reg5,set_field:0x40/0x40->reg5,set_field:0x80/0x80->reg5,set_field:0x4/0xffff->reg3,resubmit(,29)',
  );
});

test('flows of others are no entries', () => {
  const flow = gateFlow(entry('open'));
  expect(gateEntryOf({ ...flow, cookie: 1n })).toBeUndefined();
  expect(gateEntryOf({ ...flow, table: 24 })).toBeUndefined();
  expect(gateEntryOf({ ...flow, actions: [] })).toBeUndefined();
});
