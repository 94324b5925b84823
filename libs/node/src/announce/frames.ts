/** Frames that tell the uplink where an address is now: gratuitous ARP and unsolicited neighbour advertisement. */
import { parseIp, type IpAddress } from '@sluice/core';

const broadcast = 'ff:ff:ff:ff:ff:ff';
/** RFC 2464 section 7: ff02::1 on Ethernet. */
const allNodesMac = '33:33:00:00:00:01';
const allNodes = parseIp('ff02::1').value;

const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');

const addressBytes = ({ family, value }: IpAddress): Buffer =>
  Buffer.from(value.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex');

const word = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

const ethernet = (destination: string, source: string, type: number): Buffer =>
  Buffer.concat([macBytes(destination), macBytes(source), word(type)]);

/** RFC 5944 section 4.6: an ARP reply in which sender and target are the address itself, to everybody. */
function gratuitousArp(mac: string, address: IpAddress): Buffer {
  const hardware = macBytes(mac);
  const protocol = addressBytes(address);
  return Buffer.concat([
    ethernet(broadcast, mac, 0x0806),
    // Ethernet, IPv4, their lengths, reply.
    Buffer.from([0, 1, 8, 0, 6, 4, 0, 2]),
    hardware,
    protocol,
    macBytes(broadcast),
    protocol,
  ]);
}

/** RFC 1071 over the pseudo header of RFC 8200 section 8.1 and the message. */
function checksum(parts: readonly Buffer[]): number {
  const bytes = Buffer.concat(parts);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** RFC 4861 section 7.2.6: override flag, and the target's link-layer address as option 2. */
function unsolicitedAdvertisement(mac: string, address: IpAddress): Buffer {
  const target = addressBytes(address);
  const everybody = addressBytes({ family: 6, value: allNodes });
  const override = Buffer.from([0x20, 0, 0, 0]);
  const option = Buffer.concat([Buffer.from([2, 1]), macBytes(mac)]);
  const body = Buffer.concat([override, target, option]);
  const length = 4 + body.length;
  const pseudo = Buffer.concat([target, everybody, Buffer.from([0, 0, 0, length, 0, 0, 0, 58])]);
  const sum = checksum([pseudo, Buffer.from([136, 0, 0, 0]), body]);
  return Buffer.concat([
    ethernet(allNodesMac, mac, 0x86dd),
    // Version 6, payload length, next header ICMPv6, hop limit 255.
    Buffer.from([0x60, 0, 0, 0]),
    word(length),
    Buffer.from([58, 255]),
    target,
    everybody,
    Buffer.from([136, 0]),
    word(sum),
    body,
  ]);
}

/** The frame that announces `address` (canonical text) at `mac`. */
export function announcement(mac: string, address: string): Uint8Array {
  const parsed = parseIp(address);
  return parsed.family === 4 ? gratuitousArp(mac, parsed) : unsolicitedAdvertisement(mac, parsed);
}
