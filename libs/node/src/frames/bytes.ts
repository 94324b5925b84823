/** Pieces of Ethernet frames. */
import { type IpAddress } from '@sluice/core';

export const broadcastMac = 'ff:ff:ff:ff:ff:ff';

export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex');
export const macText = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString('hex').replace(/..\B/g, '$&:');

export const addressBytes = ({ family, value }: IpAddress): Buffer =>
  Buffer.from(value.toString(16).padStart(family === 4 ? 8 : 32, '0'), 'hex');
export const addressIn = (bytes: Uint8Array): IpAddress => ({
  family: bytes.length === 4 ? 4 : 6,
  value: BigInt(`0x${Buffer.from(bytes).toString('hex')}`),
});

export const word = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

export const ethernet = (destination: string, source: string, type: number): Buffer =>
  Buffer.concat([macBytes(destination), macBytes(source), word(type)]);

/** RFC 1071. */
export function internetChecksum(parts: readonly Buffer[]): number {
  const bytes = Buffer.concat(parts);
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

export interface Icmpv6 {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly type: number;
  /** Behind type, code and checksum; of even length. */
  readonly body: Buffer;
}

/** An IPv6 packet as neighbour discovery wants it: hop limit 255, checksum over the pseudo header of RFC 8200 section 8.1. */
export function icmpv6({ source, destination, type, body }: Icmpv6): Buffer {
  const [from, to] = [addressBytes(source), addressBytes(destination)];
  const length = 4 + body.length;
  const pseudo = Buffer.concat([from, to, Buffer.from([0, 0]), word(length), Buffer.from([0, 0, 0, 58])]);
  const sum = internetChecksum([pseudo, Buffer.from([type, 0]), body]);
  return Buffer.concat([
    // Version 6, payload length, next header ICMPv6, hop limit 255.
    Buffer.from([0x60, 0, 0, 0]),
    word(length),
    Buffer.from([58, 255]),
    from,
    to,
    Buffer.from([type, 0]),
    word(sum),
    body,
  ]);
}
