/** Messages of the session itself: hello, error, echo, features, configuration, barrier. OpenFlow 1.5 7.3.1, 7.5. */
import { type Message, type MessageOf } from '../messages.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';
import { errorName, experimenterErrorName } from './error-names.js';
import { type MessageRecord } from './record.js';

const versionBitmap = 1;
const experimenterError = 0xffff;

function writeBitmap(writer: Writer, versions: readonly number[]): void {
  const start = writer.length;
  writer.u16(versionBitmap);
  writer.u16(8);
  writer.u32(versions.reduce((bits, version) => bits | (1 << version), 0) >>> 0);
  writer.pad8(start);
}

function readVersions(reader: Reader): readonly number[] {
  while (reader.remaining >= 4) {
    const start = reader.offset;
    const [type, length] = [reader.u16(), reader.u16()];
    const body = reader.sub(length - 4);
    if (type === versionBitmap && body.remaining >= 4) {
      const bits = body.u32();
      return Array.from({ length: 32 }, (_, version) => version).filter((version) => (bits >>> version) & 1);
    }
    reader.pad8(start);
  }
  return [];
}

export const hello: MessageRecord<MessageOf<'hello'>> = {
  number: 0,
  write: (writer, { versions }) => {
    if (versions.length > 0) writeBitmap(writer, versions);
  },
  read: (reader) => ({ type: 'hello', versions: readVersions(reader) }),
};

export const error: MessageRecord<MessageOf<'error'>> = {
  number: 1,
  write: (writer, message) => {
    writer.u16(message.errorType);
    writer.u16(message.errorCode);
    if (message.experimenter !== undefined) writer.u32(message.experimenter);
    writer.raw(message.data);
  },
  read: (reader) => {
    const [errorType, errorCode] = [reader.u16(), reader.u16()];
    if (errorType !== experimenterError) {
      return {
        type: 'error',
        errorType,
        errorCode,
        name: errorName(errorType, errorCode),
        data: reader.rest(),
      };
    }
    const experimenter = reader.u32();
    const name = experimenterErrorName(experimenter, errorCode);
    return { type: 'error', errorType, errorCode, experimenter, name, data: reader.rest() };
  },
};

type Echo = MessageOf<'echo_request' | 'echo_reply'>;

const echo = <M extends Echo>(number: number, of: (data: Uint8Array) => M): MessageRecord<M> => ({
  number,
  write: (writer, { data }) => {
    writer.raw(data);
  },
  read: (reader) => of(reader.rest()),
});

export const echoRequest = echo(2, (data) => ({ type: 'echo_request', data }) as const);
export const echoReply = echo(3, (data) => ({ type: 'echo_reply', data }) as const);

/** A header and nothing else. */
const empty = <M extends Message>(number: number, message: M): MessageRecord<M> => ({
  number,
  write: () => undefined,
  read: () => message,
});

export const featuresRequest = empty(5, { type: 'features_request' } as const);
export const getConfigRequest = empty(7, { type: 'get_config_request' } as const);
export const barrierRequest = empty(20, { type: 'barrier_request' } as const);
export const barrierReply = empty(21, { type: 'barrier_reply' } as const);

export const featuresReply: MessageRecord<MessageOf<'features_reply'>> = {
  number: 6,
  write: (writer, message) => {
    writer.u64(message.datapathId);
    writer.u32(message.buffers);
    writer.u8(message.tables);
    writer.u8(message.auxiliaryId);
    writer.zeros(2);
    writer.u32(message.capabilities);
    writer.zeros(4);
  },
  read: (reader) => {
    const [datapathId, buffers] = [reader.u64(), reader.u32()];
    const [tables, auxiliaryId] = [reader.u8(), reader.u8()];
    reader.skip(2);
    return { type: 'features_reply', datapathId, buffers, tables, auxiliaryId, capabilities: reader.u32() };
  },
};

type Config = MessageOf<'get_config_reply' | 'set_config'>;
type Settings = Omit<Config, 'type'>;

const config = <M extends Config>(number: number, of: (settings: Settings) => M): MessageRecord<M> => ({
  number,
  write: (writer, { flags, missSendLength }) => {
    writer.u16(flags);
    writer.u16(missSendLength);
  },
  read: (reader) => of({ flags: reader.u16(), missSendLength: reader.u16() }),
});

export const getConfigReply = config(8, (settings) => ({ type: 'get_config_reply', ...settings }) as const);
export const setConfig = config(9, (settings) => ({ type: 'set_config', ...settings }) as const);

export const experimenter: MessageRecord<MessageOf<'experimenter'>> = {
  number: 4,
  write: (writer, message) => {
    writer.u32(message.experimenter);
    writer.u32(message.subtype);
    writer.raw(message.data);
  },
  read: (reader) => ({
    type: 'experimenter',
    experimenter: reader.u32(),
    subtype: reader.u32(),
    data: reader.rest(),
  }),
};
