import { expect, test } from '@jest/globals';
import { announcement } from './announcement.js';

const mac = '02:5c:18:00:00:03';
const hex = (frame: Uint8Array): string => Buffer.from(frame).toString('hex');

test('gratuitous ARP: a broadcast reply of the address to itself', () => {
  expect(hex(announcement(mac, '198.18.0.100'))).toBe(
    'ffffffffffff' +
      '025c18000003' +
      '0806' +
      '0001080006040002' +
      '025c18000003' +
      'c6120064' +
      'ffffffffffff' +
      'c6120064',
  );
});

test('unsolicited advertisement: override flag, link-layer option and a checksum that verifies', () => {
  const frame = Buffer.from(announcement(mac, '2001:db8:18::100'));
  expect(frame.length).toBe(14 + 40 + 32);
  const icmp = frame.subarray(54);
  expect(icmp[0]).toBe(136);
  expect(icmp.readUInt32BE(4)).toBe(0x20000000);
  expect(icmp.subarray(24).toString('hex')).toBe('0201025c18000003');
  const pseudo = Buffer.concat([frame.subarray(22, 54), Buffer.from([0, 0, 0, icmp.length, 0, 0, 0, 58])]);
  const bytes = Buffer.concat([pseudo, icmp]);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  expect(sum).toBe(0xffff);
});
