/**
 * Identity and content of flows, groups and meters as text, for comparing what should be with what a switch has: equal
 * keys are the same entry, equal bodies mean that nothing needs to change. Both are the same for an entry that we sent
 * and for the one that Open vSwitch gave back.
 */
import { type Flow, type Group, type MatchField, type Meter } from './flow.js';
import { canonicalMatch } from './match.js';
import { formatActions } from './action/list.js';
import { formatGroup } from './text/group.js';
import { formatMeter } from './text/meter.js';

const fieldKey = ({ field, value, mask }: MatchField): string =>
  mask === undefined
    ? `${field}=${value.toString(16)}`
    : `${field}=${(value & mask).toString(16)}/${mask.toString(16)}`;

/** Table, priority and match: what OpenFlow calls the same flow. The order of the fields does not matter. */
export function flowKey(flow: Pick<Flow, 'table' | 'priority' | 'match'>): string {
  const fields = canonicalMatch(flow.match).map(fieldKey).join(',');
  return `${String(flow.table)},${String(flow.priority)},${fields}`;
}

const timeouts = ({ idleTimeout = 0, hardTimeout = 0 }: Flow): string =>
  `${String(idleTimeout)},${String(hardTimeout)}`;

/** Cookie, timeouts, flags and actions: what a change of the flow would change. */
export function flowBody(flow: Flow): string {
  const { cookie, flags = [], importance = 0 } = flow;
  const rest = `${[...flags].sort().join('+')},${String(importance)}`;
  return `${cookie.toString(16)},${timeouts(flow)},${rest},${formatActions(flow.actions)}`;
}

export const groupKey = (group: Pick<Group, 'id'>): string => String(group.id);

/** Type, selection and buckets in their order. The order of the hash fields does not matter. */
export const groupBody = (group: Group): string => formatGroup(group);

export const meterKey = (meter: Pick<Meter, 'id'>): string => String(meter.id);
export const meterBody = (meter: Meter): string => formatMeter(meter);
