import { describe, expect, test } from '@jest/globals';
import { canonicalIp, formatIp } from '@sluice/core';
import { compile } from '../compiler/compiler.js';
import { gateFlow } from '../gate/entry.js';
import { macValue } from '../pipeline/matches.js';
import { agentCases } from '../testing/agent-cases.js';
import { bothCases } from '../testing/both-cases.js';
import { type Expected, type TraceCase } from '../testing/cases.js';
import { gateCases } from '../testing/gate-cases.js';
import { gatewayCases } from '../testing/gateway-cases.js';
import { serviceCases } from '../testing/service-cases.js';
import { gates, intents } from '../testing/intents.js';
import { type Headers } from './headers.js';
import { type TraceResult, type TraceState, Tracer } from './tracer.js';

const mac = (text: string): bigint => macValue(text);

function address(headers: Headers, end: 'src' | 'dst'): string | undefined {
  const v4 = headers.get(`ip_${end}`);
  const v6 = headers.get(`ipv6_${end}`);
  if (v4 !== undefined) return formatIp({ family: 4, value: v4 });
  return v6 === undefined ? undefined : formatIp({ family: 6, value: v6 });
}

function check(result: TraceResult, expected: Expected): void {
  expect(result.tables).toEqual(expected.tables);
  expect(result.outputs.map(({ port }) => port)).toEqual(expected.out);
  for (const { headers } of result.outputs) {
    const { tunnel, source, destination, sport, sourceMac, destinationMac } = expected;
    if (tunnel !== undefined) expect(headers.get('tun_id')).toBe(BigInt(tunnel));
    if (source !== undefined) expect(address(headers, 'src')).toBe(canonicalIp(source));
    if (destination !== undefined) expect(address(headers, 'dst')).toBe(canonicalIp(destination));
    if (sport !== undefined) {
      expect(headers.get('tcp_src') ?? headers.get('udp_src')).toBe(BigInt(sport));
    }
    if (sourceMac !== undefined) expect(headers.get('eth_src')).toBe(mac(sourceMac));
    if (destinationMac !== undefined) expect(headers.get('eth_dst')).toBe(mac(destinationMac));
    expect(headers.get('pkt_mark')).toBe(0n);
  }
}

/** The compiled state with the gate's entries, which nobody compiles. */
function stateOf({ node, gate = gates[node] }: Pick<TraceCase, 'node' | 'gate'>): TraceState {
  const { flows, groups } = compile(intents[node]);
  return { flows: [...flows, ...gate.map(gateFlow)], groups };
}

function run({ steps, ...start }: TraceCase): void {
  let dead: readonly number[] = [];
  const tracer = new Tracer(stateOf(start), { live: (port) => !dead.includes(port) });
  for (const step of steps) {
    dead = step.dead ?? dead;
    if (step.flush !== undefined) tracer.conntrack.flush(step.flush);
    try {
      check(tracer.send(step.packet), step.expect);
    } catch (error) {
      throw new Error(`step "${step.name}"`, { cause: error });
    }
  }
}

describe.each([
  ['agent', agentCases],
  ['gateway', gatewayCases],
  ['service', serviceCases],
  ['gate', gateCases],
  ['both roles', bothCases],
])('%s', (_role, cases) => {
  test.each(cases.map((entry) => [entry.name, entry] as const))('%s', (_name, entry) => {
    run(entry);
  });
});

test('an ARP answer says who has the address', () => {
  const answer = gatewayCases
    .flatMap(({ steps }) => steps)
    .find(({ name }) => name === 'ARP for a held address');
  if (answer === undefined) throw new Error('the case is gone');
  const [out] = new Tracer(stateOf({ node: 'gateway' })).send(answer.packet).outputs;
  expect(out?.headers.get('arp_op')).toBe(2n);
  expect(out?.headers.get('arp_sha')).toBe(mac('02:5c:18:00:00:03'));
  expect(out?.headers.get('arp_tha')).toBe(mac('02:aa:00:00:00:10'));
  expect(formatIp({ family: 4, value: out?.headers.get('arp_spa') ?? 0n })).toBe('198.18.0.100');
  expect(formatIp({ family: 4, value: out?.headers.get('arp_tpa') ?? 0n })).toBe('198.18.0.10');
});
