/**
 * Questions who has an address, and their answers. ARP asks in nobody's name (RFC 5227: the sender's address is 0), so
 * that no neighbour learns anything from it; neighbour discovery asks from a link-local address that serves nothing else,
 * because answers to the unspecified address go to everybody.
 */
import { formatIp, type IpAddress, parseIp } from '@sluice/core';
import { addressBytes, addressIn, broadcastMac, ethernet, icmpv6, macBytes, macText } from './bytes.js';

export interface Question {
  /** Canonical. */
  readonly address: string;
  /** Whom to ask; undefined: everybody on the link. */
  readonly mac?: string;
}

export interface Asker {
  readonly mac: string;
  /** Link-local address of questions by neighbour discovery. */
  readonly linkLocal: string;
}

export interface Answer {
  /** Canonical. */
  readonly address: string;
  readonly mac: string;
}

/** RFC 4291 section 2.7.1 and RFC 2464 section 7. */
const solicitedNode = (target: IpAddress): IpAddress => ({
  family: 6,
  value: (0xff02_0000_0000_0000_0000_0001_ff00_0000n & ~0xff_ffffn) | (target.value & 0xff_ffffn),
});
const multicastMac = ({ value }: IpAddress): string =>
  macText(
    Buffer.from([0x33, 0x33, ...Buffer.from((value & 0xffff_ffffn).toString(16).padStart(8, '0'), 'hex')]),
  );

function arpProbe({ mac }: Asker, target: IpAddress, to: string): Buffer {
  return Buffer.concat([
    ethernet(to, mac, 0x0806),
    // Ethernet, IPv4, their lengths, request.
    Buffer.from([0, 1, 8, 0, 6, 4, 0, 1]),
    macBytes(mac),
    Buffer.alloc(4),
    Buffer.alloc(6),
    addressBytes(target),
  ]);
}

/** RFC 4861 section 4.3, with the asker's MAC as option 1. */
function solicitation({ mac, linkLocal }: Asker, target: IpAddress, to: string | undefined): Buffer {
  const destination = solicitedNode(target);
  const body = Buffer.concat([Buffer.alloc(4), addressBytes(target), Buffer.from([1, 1]), macBytes(mac)]);
  return Buffer.concat([
    ethernet(to ?? multicastMac(destination), mac, 0x86dd),
    icmpv6({ source: parseIp(linkLocal), destination, type: 135, body }),
  ]);
}

export function question(asker: Asker, { address, mac }: Question): Uint8Array {
  const target = parseIp(address);
  return target.family === 4
    ? arpProbe(asker, target, mac ?? broadcastMac)
    : solicitation(asker, target, mac);
}

const arpLength = 42;
const advertisementLength = 78;

/** What a frame answers; undefined: it is no ARP reply and no neighbour advertisement. */
export function answerIn(frame: Uint8Array): Answer | undefined {
  const bytes = Buffer.from(frame);
  if (bytes.length < arpLength) return undefined;
  const mac = macText(bytes.subarray(6, 12));
  const type = bytes.readUInt16BE(12);
  if (type === 0x0806 && bytes.readUInt16BE(20) === 2) {
    return { address: formatIp(addressIn(bytes.subarray(28, 32))), mac };
  }
  if (type === 0x86dd && bytes.length >= advertisementLength && bytes[20] === 58 && bytes[54] === 136) {
    return { address: formatIp(addressIn(bytes.subarray(62, 78))), mac };
  }
  return undefined;
}
