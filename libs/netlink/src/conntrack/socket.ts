/**
 * A netlink socket of conntrack. Nothing here waits but `readable`: the kernel works on a request while it is being sent,
 * and writes the next part of a dump while the one before is read (net/netlink/af_netlink.c).
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { RemoteError } from '@sluice/core';
import { errnos, type Libc, loadLibc } from './libc.js';

const afNetlink = 16;
const sockRaw = 3;
const sockCloexec = 0x80000;
const sockNonblock = 0x800;
const netlinkNetfilter = 12;
const solSocket = 1;
const soSndbufForce = 32;
const soRcvbufForce = 33;
const msgTrunc = 0x20;
const cloneNewnet = 0x4000_0000;
const eventfdFlags = sockCloexec | sockNonblock;
const pollIn = 1;
const pollfdLength = 8;
/** So long a process may take to end that does not close its socket: a thread of Node's pool is polling. */
const longestPollMs = 1000;
/** The kernel fills at most 32 KiB with one part of a dump (NLMSG_GOODSIZE of a large receiver). */
const largestMessage = 256 * 1024;

export interface SocketOptions {
  /** Multicast groups to listen to, as bits: 1 new, 2 update, 4 destroy. None: for requests. */
  readonly groups?: number;
  /** Bytes; beyond the host's limit, which needs CAP_NET_ADMIN as all of conntrack does. */
  readonly receiveBuffer: number;
  /** Name of a network namespace; otherwise the process's own. */
  readonly netns?: string | undefined;
}

/** ENOBUFS: the kernel had more to tell than the buffer holds, and what did not fit is lost. */
export type Received = Uint8Array | 'nothing' | 'overrun';

const int = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
};

/** Opens in another namespace: a socket stays where it was made. The calls are synchronous, so no other code is there. */
function openIn<T>(libc: Libc, netns: string | undefined, open: () => T): T {
  if (netns === undefined) return open();
  const [own, other] = ['/proc/self/ns/net', `/run/netns/${netns}`].map((path) => openSync(path, 'r'));
  if (own === undefined || other === undefined) throw new TypeError('no namespace');
  try {
    check(libc, `setns ${netns}`, libc.setns(other, cloneNewnet));
    try {
      return open();
    } finally {
      check(libc, 'setns back', libc.setns(own, cloneNewnet));
    }
  } finally {
    closeSync(own);
    closeSync(other);
  }
}

function check(libc: Libc, call: string, result: number): number {
  if (result >= 0) return result;
  throw new RemoteError('SLUICE_CONNTRACK_FAILED', {
    message: `connection tracking: ${call}: ${libc.errorName(libc.errno())}`,
  });
}

export class ConntrackSocket {
  private readonly buffer = new Uint8Array(largestMessage);
  private readonly wake: number;
  private polling: Promise<unknown> = Promise.resolve();
  private closed = false;

  private constructor(
    private readonly libc: Libc,
    private readonly fd: number,
  ) {
    this.wake = check(libc, 'eventfd', libc.eventfd(0, eventfdFlags));
  }

  /** Rejects with SLUICE_CONNTRACK_FAILED. */
  static async open({ groups = 0, receiveBuffer, netns }: SocketOptions): Promise<ConntrackSocket> {
    const libc = await loadLibc();
    const fd = openIn(libc, netns, () =>
      check(libc, 'socket', libc.socket(afNetlink, sockRaw | sockCloexec | sockNonblock, netlinkNetfilter)),
    );
    try {
      for (const option of [soSndbufForce, soRcvbufForce]) {
        check(libc, 'setsockopt', libc.setsockopt(fd, solSocket, option, int(receiveBuffer), 4));
      }
      check(libc, 'bind', libc.bind(fd, socketAddress(groups), 12));
      return new ConntrackSocket(libc, fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Whole messages. Throws SLUICE_CONNTRACK_FAILED. */
  send(messages: Uint8Array): void {
    check(this.libc, 'send', this.libc.send(this.fd, messages, messages.length, 0));
  }

  /** What is there now; shares memory with the next. Throws SLUICE_CONNTRACK_FAILED. */
  receive(): Received {
    const { libc, fd, buffer } = this;
    if (this.closed) return 'nothing';
    const length = libc.recv(fd, buffer, buffer.length, msgTrunc);
    if (length > buffer.length) return 'overrun';
    if (length >= 0) return buffer.subarray(0, length);
    switch (libc.errno()) {
      case errnos.EAGAIN:
      case errnos.EINTR:
        return 'nothing';
      case errnos.ENOBUFS:
        return 'overrun';
      default:
        check(libc, 'recv', length);
        return 'nothing';
    }
  }

  /** Resolves to true when there is something to receive, and to false when the socket was closed. */
  async readable(): Promise<boolean> {
    while (!this.isClosed()) {
      const pollfds = new Uint8Array(2 * pollfdLength);
      const view = new DataView(pollfds.buffer);
      [this.fd, this.wake].forEach((fd, at) => {
        view.setInt32(at * pollfdLength, fd, true);
        view.setInt16(at * pollfdLength + 4, pollIn, true);
      });
      const poll = this.libc.poll(pollfds, 2, longestPollMs);
      this.polling = poll;
      await poll;
      if (view.getInt16(6, true) !== 0 && !this.isClosed()) return true;
    }
    return false;
  }

  /** Resolves when nobody uses the descriptors any more. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    writeSync(this.wake, new BigUint64Array([1n]));
    await this.polling;
    closeSync(this.fd);
    closeSync(this.wake);
  }

  private isClosed(): boolean {
    return this.closed;
  }
}

/** struct sockaddr_nl; the kernel chooses the port. */
function socketAddress(groups: number): Uint8Array {
  const address = new Uint8Array(12);
  const view = new DataView(address.buffer);
  view.setUint16(0, afNetlink, true);
  view.setUint32(8, groups, true);
  return address;
}
