/** A change as OpenFlow messages, in the order that `OpenFlowChange` gives: groups, flows, flows removed, groups removed. */
import { type OpenFlowChange } from '@sluice/datapath';
import { type BundleMessage, type Message } from '@sluice/ovs';

export function bundleOf({ groups, flows }: OpenFlowChange): readonly BundleMessage[] {
  return [
    ...groups.add.map((group): BundleMessage => ({ type: 'group_mod', mod: { command: 'add', group } })),
    ...groups.modify.map((group): BundleMessage => ({
      type: 'group_mod',
      mod: { command: 'modify', group },
    })),
    ...flows.add.map((flow): BundleMessage => ({ type: 'flow_mod', mod: { command: 'add', flow } })),
    ...flows.remove.map(({ table, priority, match }): BundleMessage => ({
      type: 'flow_mod',
      mod: { command: 'delete_strict', table, priority, match },
    })),
    ...groups.remove.map(({ id }): BundleMessage => ({
      type: 'group_mod',
      mod: { command: 'delete', group: id },
    })),
  ];
}

/** Open vSwitch takes no meters in bundles: they come before what uses them and go after it. */
export function meterMessages({ meters }: OpenFlowChange): {
  readonly before: readonly Message[];
  readonly after: readonly Message[];
} {
  return {
    before: [
      ...meters.add.map((meter): Message => ({ type: 'meter_mod', mod: { command: 'add', meter } })),
      ...meters.modify.map((meter): Message => ({ type: 'meter_mod', mod: { command: 'modify', meter } })),
    ],
    after: meters.remove.map(({ id }): Message => ({
      type: 'meter_mod',
      mod: { command: 'delete', meter: id },
    })),
  };
}
