import { expect, test } from '@jest/globals';
import { compile } from '../compiler/compiler.js';
import { intents } from '../testing/intents.js';
import { Tracer } from './tracer.js';
import { packet, tcpFields } from './packet.js';
test('x', () => {
  const t = new Tracer(compile(intents.agent));
  const r = t.send(
    packet({ inPort: 1 }, tcpFields({ from: '10.244.1.5', to: '203.0.113.10' }, { sport: 40000, dport: 80 })),
  );
  expect(r.tables).toEqual([0, 30, 31, 32, 36, 34, 50]);
  expect(r.outputs[0]?.port).toBe(259);
  expect(r.outputs[0]?.headers.get('tun_id')).toBe(0x10007n);
});
