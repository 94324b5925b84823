/**
 * What gateways tell each other: batches of connections in few bytes (28 for TCP over IPv4 with source NAT; the kernel's
 * own message has 248).
 *
 *   batch       version 1 · kind 1 · number of the snapshot 4 · count 4 · records
 *   record      flags 1 · protocol 1 · source, destination 4 or 16 · ports or echo 4 · NAT of source, of destination:
 *               address 4 or 16, port 2 · mark 4 · timeout 4 · labels 16 · SCTP: state 1, tags 4, 4
 *
 * Flags say which of the parts are there. All numbers are in network order.
 */
import {
  ConntrackCodecError,
  ipv4,
  ipv6,
  MessageWriter,
  type NatTarget,
  type NewConnection,
  type Transport,
} from '@sluice/netlink';

/** Everything but the zone, which every gateway knows. */
export type SyncConnection = Omit<NewConnection, 'zone'>;

export type SyncBatch =
  /** Began or changed. */
  | { readonly kind: 'alive'; readonly connections: readonly SyncConnection[] }
  | { readonly kind: 'gone'; readonly connections: readonly SyncConnection[] }
  /** All connections follow, in batches with the same number. */
  | { readonly kind: 'begin'; readonly snapshot: number }
  | { readonly kind: 'part'; readonly snapshot: number; readonly connections: readonly SyncConnection[] }
  /** `count` connections were in the parts. */
  | { readonly kind: 'end'; readonly snapshot: number; readonly count: number };

const version = 1;
const kinds = ['alive', 'gone', 'begin', 'part', 'end'] as const;

const bits = { ipv6: 1, sourceNat: 2, destinationNat: 4, labels: 8, sctp: 16, ports: 32, echo: 64 } as const;

export function encodeBatch(batch: SyncBatch): Uint8Array {
  const writer = new MessageWriter(64);
  const connections = 'connections' in batch ? batch.connections : [];
  writer.u8(version);
  writer.u8(kinds.indexOf(batch.kind));
  writer.u32('snapshot' in batch ? batch.snapshot : 0);
  writer.u32(batch.kind === 'end' ? batch.count : connections.length);
  for (const connection of connections) writeConnection(writer, connection);
  return writer.written;
}

const flag = (present: boolean, bit: number): number => (present ? bit : 0);

function writeConnection(writer: MessageWriter, connection: SyncConnection): void {
  const { original, sourceNat, destinationNat, mark, timeoutS, labels, sctp } = connection;
  const { source, destination, protocol, transport } = original;
  const isIpv6 = source.includes(':');
  const address = isIpv6 ? ipv6 : ipv4;
  writer.u8(
    flag(isIpv6, bits.ipv6) |
      flag(sourceNat !== undefined, bits.sourceNat) |
      flag(destinationNat !== undefined, bits.destinationNat) |
      flag(labels !== undefined, bits.labels) |
      flag(sctp !== undefined, bits.sctp) |
      flag(transport.kind === 'ports', bits.ports) |
      flag(transport.kind === 'echo', bits.echo),
  );
  writer.u8(protocol);
  address.encode(writer, source);
  address.encode(writer, destination);
  writeTransport(writer, transport);
  for (const target of [sourceNat, destinationNat]) {
    if (target === undefined) continue;
    address.encode(writer, target.address);
    writer.u16(target.port ?? 0);
  }
  writer.u32(mark);
  writer.u32(timeoutS);
  if (labels !== undefined) writer.bytes(labels);
  if (sctp === undefined) return;
  writer.u8(sctp.state);
  writer.u32(sctp.vtagOriginal);
  writer.u32(sctp.vtagReply);
}

function writeTransport(writer: MessageWriter, transport: Transport): void {
  switch (transport.kind) {
    case 'ports':
      writer.u16(transport.source);
      writer.u16(transport.destination);
      return;
    case 'echo':
      writer.u16(transport.id);
      writer.u8(transport.type);
      writer.u8(transport.code);
      return;
    case 'none':
  }
}

class BatchReader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  u8(): number {
    return this.view.getUint8(this.advance(1));
  }

  u16(): number {
    return this.view.getUint16(this.advance(2));
  }

  u32(): number {
    return this.view.getUint32(this.advance(4));
  }

  take(count: number): Uint8Array {
    const at = this.advance(count);
    return this.bytes.slice(at, at + count);
  }

  address(isIpv6: boolean): string {
    const at = this.advance(isIpv6 ? 16 : 4);
    return (isIpv6 ? ipv6 : ipv4).decode(this.view, at, this.at);
  }

  private advance(count: number): number {
    const { at } = this;
    if (at + count > this.bytes.length) throw new ConntrackCodecError(`a batch ends at byte ${at}`);
    this.at += count;
    return at;
  }
}

/** Throws ConntrackCodecError. */
export function decodeBatch(bytes: Uint8Array): SyncBatch {
  const reader = new BatchReader(bytes);
  const spoken = reader.u8();
  if (spoken !== version) throw new ConntrackCodecError(`a batch of version ${spoken}`);
  const number = reader.u8();
  const kind = kinds[number];
  const snapshot = reader.u32();
  const count = reader.u32();
  const batch = bodyOf(reader, kind, { snapshot, count });
  if (batch === undefined || !reader.isAtEnd) throw new ConntrackCodecError(`a batch of kind ${number}`);
  return batch;
}

function bodyOf(
  reader: BatchReader,
  kind: SyncBatch['kind'] | undefined,
  { snapshot, count }: { readonly snapshot: number; readonly count: number },
): SyncBatch | undefined {
  switch (kind) {
    case 'begin':
      return { kind, snapshot };
    case 'end':
      return { kind, snapshot, count };
    case 'part':
      return { kind, snapshot, connections: readConnections(reader, count) };
    case 'alive':
    case 'gone':
      return { kind, connections: readConnections(reader, count) };
    case undefined:
      return undefined;
  }
}

function readConnections(reader: BatchReader, count: number): readonly SyncConnection[] {
  const connections: SyncConnection[] = [];
  while (connections.length < count) connections.push(readConnection(reader));
  return connections;
}

function readConnection(reader: BatchReader): SyncConnection {
  const flags = reader.u8();
  const has = (bit: number): boolean => (flags & bit) !== 0;
  const protocol = reader.u8();
  const isIpv6 = has(bits.ipv6);
  const source = reader.address(isIpv6);
  const destination = reader.address(isIpv6);
  const transport = readTransport(reader, has);
  const target = (): NatTarget => {
    const address = reader.address(isIpv6);
    const port = reader.u16();
    return { address, port: transport.kind === 'none' ? undefined : port };
  };
  const sourceNat = has(bits.sourceNat) ? target() : undefined;
  const destinationNat = has(bits.destinationNat) ? target() : undefined;
  const mark = reader.u32();
  const timeoutS = reader.u32();
  const labels = has(bits.labels) ? reader.take(16) : undefined;
  const sctp = has(bits.sctp)
    ? { state: reader.u8(), vtagOriginal: reader.u32(), vtagReply: reader.u32() }
    : undefined;
  const original = { source, destination, protocol, transport };
  return { original, sourceNat, destinationNat, mark, timeoutS, labels, sctp };
}

function readTransport(reader: BatchReader, has: (bit: number) => boolean): Transport {
  if (has(bits.ports)) return { kind: 'ports', source: reader.u16(), destination: reader.u16() };
  if (has(bits.echo)) return { kind: 'echo', id: reader.u16(), type: reader.u8(), code: reader.u8() };
  return { kind: 'none' };
}
