/**
 * A packet as a Pod could have sent it on a connection: a bare TCP segment with ACK, or an empty datagram. It is for a
 * gateway's conntrack alone and reaches nobody.
 */
import { parseIp } from '@sluice/core';
import { type PodConnection } from '../replay/connections.js';
import { addressBytes, ethernet, internetChecksum, word } from './bytes.js';

export type FrameFlow = Omit<PodConnection, 'gateway' | 'egressId'>;

/** Control bits of a TCP segment (RFC 9293 section 3.1). */
export const tcpBits = { syn: 0x02, ack: 0x10 } as const;

const protocols = { tcp: 6, udp: 17 } as const;
const [podMac, gatewayMac] = ['02:5c:00:00:00:02', '02:5c:00:00:00:01'];

/** RFC 9293 section 3.1: ports, sequence and acknowledgement 0, five words, control bits, a window. */
const segment = ({ sourcePort, destinationPort }: FrameFlow, bits: number): Buffer =>
  Buffer.concat([
    word(sourcePort),
    word(destinationPort),
    Buffer.alloc(8),
    Buffer.from([0x50, bits, 0x20, 0x00]),
    Buffer.alloc(4),
  ]);

const datagram = ({ sourcePort, destinationPort }: FrameFlow): Buffer =>
  Buffer.concat([word(sourcePort), word(destinationPort), word(8), Buffer.alloc(2)]);

/** `bits`: of a TCP segment. */
export function replayFrame(connection: FrameFlow, bits: number = tcpBits.ack): Uint8Array {
  const { protocol } = connection;
  const [source, destination] = [parseIp(connection.source), parseIp(connection.destination)];
  const [from, to] = [addressBytes(source), addressBytes(destination)];
  const number = protocols[protocol];
  const body = protocol === 'tcp' ? segment(connection, bits) : datagram(connection);
  const pseudo = Buffer.concat([from, to, Buffer.from([0, number]), word(body.length)]);
  body.writeUInt16BE(internetChecksum([pseudo, body]), protocol === 'tcp' ? 16 : 6);
  if (source.family === 6) {
    const header = Buffer.concat([
      Buffer.from([0x60, 0, 0, 0]),
      word(body.length),
      Buffer.from([number, 64]),
    ]);
    return Buffer.concat([ethernet(gatewayMac, podMac, 0x86dd), header, from, to, body]);
  }
  // Version 4, five words, length, no fragment, hop limit 64.
  const header = Buffer.concat([
    Buffer.from([0x45, 0]),
    word(20 + body.length),
    Buffer.from([0, 0, 0x40, 0, 64, number, 0, 0]),
    from,
    to,
  ]);
  header.writeUInt16BE(internetChecksum([header]), 10);
  return Buffer.concat([ethernet(gatewayMac, podMac, 0x0800), header, body]);
}
