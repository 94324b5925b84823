/** The status as people read it. Pure. */
import { rangesText } from '../slots/ledger.js';
import { section } from '../table.js';
import { type StatusReport } from './report.js';

const yesNo = (value: boolean): string => (value ? 'yes' : 'NO');

function problems({ problems: all }: StatusReport): readonly string[] {
  if (all.length === 0) return ['everything works'];
  const rows = all.map(({ kind, name, reason, message }) => [`${kind}/${name}`, reason, message]);
  return section('Problems', ['OBJECT', 'REASON', 'WHAT'], rows);
}

function gateways({ gateways: all }: StatusReport, wide: boolean): readonly string[] {
  const title = [
    ...['NAME', 'STATE', 'DRAINS', 'SLOTS', 'SHARED', 'ADDRESSES'],
    ...(wide ? ['ZONE', 'UPLINK', 'TUNNEL', 'OVS'] : []),
  ];
  const rows = all.map(({ name, state, draining, slots, shared, addresses, zone, uplink, tunnel, ovs }) => [
    ...[name, state, draining ? 'yes' : 'no', String(slots), String(shared), String(addresses)],
    ...(wide ? [zone, uplink, tunnel, ovs] : []),
  ]);
  return section('Gateways', title, rows);
}

function pools({ pools: all }: StatusReport): readonly string[] {
  const rows = all.map(({ name, ready, capacity, free, slotsHeld, slots }) => [
    ...[name, yesNo(ready), String(capacity), String(free), `${slotsHeld}/${slots}`],
  ]);
  return section('Pools', ['NAME', 'READY', 'CAPACITY', 'FREE', 'SLOTS HELD'], rows);
}

function unheld({ unheld: all }: StatusReport): readonly string[] {
  const rows = all.map(({ pool, slots, why, addresses: affected }) => [
    ...[pool, rangesText(slots), why, affected.length === 0 ? 'none' : affected.join(',')],
  ]);
  return section('Slots that nobody carries', ['POOL', 'SLOTS', 'WHY', 'ADDRESSES'], rows);
}

function retiring({ retiring: all }: StatusReport): readonly string[] {
  const rows = all.map(({ pool, slots, from, to }) => [pool, rangesText(slots), from, to]);
  const title = ['POOL', 'SLOTS', 'OLDER CONNECTIONS', 'NEW CONNECTIONS'];
  return section('Slots on their way', title, rows);
}

function addresses({ addresses: all }: StatusReport, wide: boolean): readonly string[] {
  const title = ['CLAIM', 'ADDRESSES', 'GATEWAY', 'WORKING', ...(wide ? ['POOL', 'SLOT', 'ID'] : [])];
  const rows = all.map(({ claim, addresses: texts, gateway, working, pool, slot, id }) => [
    ...[claim, texts.join(','), gateway, yesNo(working)],
    ...(wide ? [pool, String(slot), String(id)] : []),
  ]);
  return section('Addresses', title, rows);
}

export const renderStatus = (report: StatusReport, wide: boolean): string =>
  [
    problems(report),
    unheld(report),
    gateways(report, wide),
    pools(report),
    retiring(report),
    addresses(report, wide),
  ]
    .flat()
    .join('\n\n');
