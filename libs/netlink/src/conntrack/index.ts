export { ConntrackCodecError } from './attributes.js';
export * from './connection.js';
export { ConntrackListener, type ConntrackListenerOptions } from './listener.js';
export { type EntryChange } from './messages.js';
export { type Changes, ConntrackTable, type ConntrackTableOptions } from './table.js';
export { ipv4, ipv6 } from './addresses.js';
export { MessageWriter } from './message-writer.js';
