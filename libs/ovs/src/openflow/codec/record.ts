/** What the table of messages holds for each: OFPT_ number of OpenFlow 1.5 and the body behind the header. */
import { type Message } from '../messages.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';

export interface MessageRecord<M extends Message> {
  readonly number: number;
  /** `xid` is the message's own, for messages that carry another. */
  write(writer: Writer, message: M, xid: number): void;
  read(reader: Reader): M;
}
