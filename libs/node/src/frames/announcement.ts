/** Frames that tell the uplink where an address is now: gratuitous ARP and unsolicited neighbour advertisement. */
import { type IpAddress, parseIp } from '@sluice/core';
import { addressBytes, broadcastMac, ethernet, icmpv6, macBytes } from './bytes.js';

/** RFC 2464 section 7: ff02::1 on Ethernet. */
const allNodesMac = '33:33:00:00:00:01';
const allNodes = parseIp('ff02::1');

/** RFC 5944 section 4.6: an ARP reply in which sender and target are the address itself, to everybody. */
function gratuitousArp(mac: string, address: IpAddress): Buffer {
  const protocol = addressBytes(address);
  return Buffer.concat([
    ethernet(broadcastMac, mac, 0x0806),
    // Ethernet, IPv4, their lengths, reply.
    Buffer.from([0, 1, 8, 0, 6, 4, 0, 2]),
    macBytes(mac),
    protocol,
    macBytes(broadcastMac),
    protocol,
  ]);
}

/** RFC 4861 section 7.2.6: override flag, and the target's link-layer address as option 2. */
function unsolicitedAdvertisement(mac: string, address: IpAddress): Buffer {
  const body = Buffer.concat([
    Buffer.from([0x20, 0, 0, 0]),
    addressBytes(address),
    Buffer.from([2, 1]),
    macBytes(mac),
  ]);
  return Buffer.concat([
    ethernet(allNodesMac, mac, 0x86dd),
    icmpv6({ source: address, destination: allNodes, type: 136, body }),
  ]);
}

/** The frame that announces `address` (canonical text) at `mac`. */
export function announcement(mac: string, address: string): Uint8Array {
  const parsed = parseIp(address);
  return parsed.family === 4 ? gratuitousArp(mac, parsed) : unsolicitedAdvertisement(mac, parsed);
}
