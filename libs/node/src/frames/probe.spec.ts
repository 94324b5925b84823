import { expect, test } from '@jest/globals';
import { answerIn, question } from './probe.js';
import { announcement } from './announcement.js';

const asker = { mac: '02:5c:18:00:00:03', linkLocal: 'fe80::5c:3' };
const hex = (frame: Uint8Array): string => Buffer.from(frame).toString('hex');

test('an ARP probe in the name of nobody, to one gateway', () => {
  const frame = question(asker, { address: '198.18.0.100', mac: '02:5c:18:00:00:04' });
  expect(hex(frame)).toBe(
    '025c18000004' +
      '025c18000003' +
      '0806' +
      '0001080006040001' + // to, from, ARP, request
      '025c18000003' +
      '00000000' +
      '000000000000' +
      'c6120064',
  );
});

test('without a MAC everybody is asked', () => {
  expect(hex(question(asker, { address: '198.18.0.1' })).slice(0, 12)).toBe('ffffffffffff');
  expect(hex(question(asker, { address: '2001:db8:18::1' })).slice(0, 12)).toBe('3333ff000001');
});

test('a solicitation carries the MAC to answer to, and a right checksum', () => {
  const frame = Buffer.from(question(asker, { address: '2001:db8:18::100', mac: '02:5c:18:00:00:04' }));
  expect(frame.length).toBe(14 + 40 + 32);
  expect(frame.subarray(38, 54).toString('hex')).toBe('ff0200000000000000000001ff000100');
  expect(frame.subarray(78).toString('hex')).toBe('0101025c18000003');
  // Sum over pseudo header and message, the checksum included, is all ones (RFC 1071).
  const pseudo = Buffer.concat([frame.subarray(22, 54), Buffer.from([0, 0, 0, 32, 0, 0, 0, 58])]);
  const summed = Buffer.concat([pseudo, frame.subarray(54)]);
  let sum = 0;
  for (let at = 0; at < summed.length; at += 2) sum += summed.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  expect(sum).toBe(0xffff);
});

test.each(['198.18.0.100', '2001:db8:18::100'])('an announcement of %s reads as an answer', (address) => {
  expect(answerIn(announcement('02:5c:18:00:00:04', address))).toEqual({ address, mac: '02:5c:18:00:00:04' });
});

test.each([
  ['a question', question(asker, { address: '198.18.0.1' })],
  ['a solicitation', question(asker, { address: '2001:db8:18::1' })],
  ['nothing', new Uint8Array(0)],
  ['a short frame', announcement('02:5c:18:00:00:04', '2001:db8::1').slice(0, 60)],
  ['zeros', new Uint8Array(128)],
])('%s is no answer', (_name, frame) => {
  expect(answerIn(frame)).toBeUndefined();
});
