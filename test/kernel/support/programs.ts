/** Clients and servers. Node has no SCTP, Python has. */
import { serverAddress } from './two-gateways.js';

const port = 443;

/** Speaks ten times a second; nothing but acknowledgements comes back. */
export const downloadServer = [
  process.execPath,
  '-e',
  `require('node:net').createServer((socket) => {
    console.log(socket.remoteAddress, socket.remotePort);
    setInterval(() => socket.write('x'), 100);
    socket.on('error', () => undefined);
  }).listen(${String(port)}, '${serverAddress}', () => console.log('ready'));`,
] as const;

export const downloadClient = [
  process.execPath,
  '-e',
  `require('node:net').connect(${String(port)}, '${serverAddress}')
    .on('data', () => console.log('data')).on('close', () => console.log('closed')).on('error', () => undefined);`,
] as const;

const python = (...lines: readonly string[]) => ['/usr/bin/python3', '-uc', lines.join('\n')] as const;

/** The other end may be stopped first. */
const untilItEnds = (...lines: readonly string[]) => [
  'try:',
  ...lines.map((line) => `    ${line}`),
  'except OSError: pass',
];

const familyOf = (address: string): string => (address.includes(':') ? 'AF_INET6' : 'AF_INET');

/** Bound to one address: an association over several announces those that NAT does not know. */
export const sctpServer = (at: string) =>
  python(
    'import socket',
    `s = socket.socket(socket.${familyOf(at)}, socket.SOCK_STREAM, 132)`,
    `s.bind(('${at}', ${String(port)}))`,
    's.listen()',
    "print('ready')",
    'c, who = s.accept()',
    'print(*who)',
    ...untilItEnds('while data := c.recv(100): c.send(data)'),
  );

export const sctpClient = (from: string, to: string) =>
  python(
    'import socket, time',
    `s = socket.socket(socket.${familyOf(from)}, socket.SOCK_STREAM, 132)`,
    `s.bind(('${from}', 0))`,
    `s.connect(('${to}', ${String(port)}))`,
    ...untilItEnds("while s.send(b'x') and s.recv(100):", "    print('data')", '    time.sleep(0.1)'),
  );
