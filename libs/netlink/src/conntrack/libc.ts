/**
 * The few calls of libc that Node has no words for. koffi's native half is loaded with the first use, so that a process
 * that never tracks connections does not carry it.
 */
import { RemoteError } from '@sluice/core';

export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  eventfd(value: number, flags: number): number;
  setns(fd: number, kind: number): number;
  /** Number of descriptors of `pollfds` (struct pollfd) that have something; on a thread of the pool. */
  poll(pollfds: Uint8Array, count: number, timeoutMs: number): Promise<number>;
  errno(): number;
  /** Name of an error number, such as EEXIST. */
  readonly errorName: (errno: number) => string;
}

/** Numbers of errors, the same on all Linux that Node runs on. */
export const errnos = { ENOENT: 2, EINTR: 4, EAGAIN: 11, EEXIST: 17, ENOBUFS: 105 } as const;

let loading: Promise<Libc> | undefined;

/** Rejects with SLUICE_CONNTRACK_FAILED where koffi has no build for the machine. */
export const loadLibc = (): Promise<Libc> => (loading ??= load());

async function load(): Promise<Libc> {
  const { default: koffi } = await import('koffi').catch((cause: unknown) => {
    throw new RemoteError('SLUICE_CONNTRACK_FAILED', {
      message: 'koffi, which calls the C library, cannot be loaded; is node_modules of the image complete?',
      cause,
    });
  });
  const library = koffi.load('libc.so.6');
  const poll = library.func('int poll(uint8_t *pollfds, unsigned long count, int timeout)');
  const call = (prototype: string) => library.func(prototype) as (...args: readonly unknown[]) => number;
  return {
    socket: call('int socket(int family, int type, int protocol)'),
    bind: call('int bind(int fd, const uint8_t *address, uint32_t length)'),
    setsockopt: call('int setsockopt(int fd, int level, int name, const uint8_t *value, uint32_t length)'),
    send: call('long send(int fd, const uint8_t *bytes, size_t length, int flags)'),
    recv: call('long recv(int fd, uint8_t *bytes, size_t length, int flags)'),
    eventfd: call('int eventfd(unsigned int value, int flags)'),
    setns: call('int setns(int fd, int kind)'),
    poll: (pollfds, count, timeoutMs) =>
      new Promise((resolve, reject) => {
        poll.async(pollfds, count, timeoutMs, (error: Error | null, ready: number) => {
          if (error === null) resolve(ready);
          else reject(error);
        });
      }),
    errno: () => koffi.errno(),
    errorName: (errno) =>
      Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `error ${errno}`,
  };
}
