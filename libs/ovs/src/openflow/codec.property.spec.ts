/** What holds for every message, and for any bytes at all. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CodecError } from '../errors.js';
import { decodeMessage, encodeInto, encodeMessage } from './codec.js';
import { type Flow } from './flow.js';
import { flowBody, flowKey } from './keys.js';
import { flowArb, groupArb, matchArb, messageArb, meterArb } from './testing/arbitraries.js';
import { formatFlow, parseFlow } from './text/flow.js';
import { formatGroup, parseGroup } from './text/group.js';
import { formatMatch } from './text/match.js';
import { formatMeter, parseMeter } from './text/meter.js';
import { FrameDecoder } from './wire/frame-decoder.js';
import { Writer } from './wire/writer.js';

const xidArb = fc.integer({ min: 0, max: 0xffff_ffff });

describe('bytes', () => {
  test('a decoded message is the encoded one', () => {
    fc.assert(
      fc.property(messageArb, xidArb, (message, xid) => {
        expect(decodeMessage(encodeMessage(message, xid))).toEqual({ xid, message });
      }),
      { numRuns: 1500 },
    );
  });

  test('messages one behind the other are the same as each alone', () => {
    fc.assert(
      fc.property(fc.array(messageArb, { maxLength: 8 }), (messages) => {
        const writer = new Writer(1);
        for (const message of messages) encodeInto(writer, message, 7);
        const frames = new FrameDecoder().push(writer.take());
        expect(frames.map((frame) => decodeMessage(frame).message)).toEqual(messages);
      }),
      { numRuns: 200 },
    );
  });

  const outcome = (bytes: Uint8Array): unknown => {
    try {
      decodeMessage(bytes);
      return undefined;
    } catch (error) {
      return error instanceof CodecError && error.code === 'OVS_CODEC_MALFORMED' ? undefined : error;
    }
  };

  test('random bytes raise CodecError and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 40 }), (bytes, type) => {
        const message = Uint8Array.from([6, type, 0, bytes.length + 8, 0, 0, 0, 1, ...bytes]);
        expect(outcome(bytes)).toBeUndefined();
        expect(outcome(message)).toBeUndefined();
      }),
      { numRuns: 5000 },
    );
  });

  test('a message with a byte changed or cut off raises CodecError or is another message', () => {
    fc.assert(
      fc.property(messageArb, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, at, change) => {
        const bytes = encodeMessage(message, 1);
        const changed = bytes.map((byte, i) => (i === at % bytes.length ? byte ^ change : byte));
        expect(outcome(changed)).toBeUndefined();
        expect(outcome(bytes.subarray(0, at % bytes.length))).toBeUndefined();
      }),
      { numRuns: 3000 },
    );
  });
});

describe('text', () => {
  test('a parsed flow is the formatted one', () => {
    fc.assert(
      fc.property(flowArb, (flow) => {
        const line = formatFlow(flow);
        expect(formatFlow(parseFlow(line))).toBe(line);
        expect(flowKey(parseFlow(line))).toBe(flowKey(flow));
        expect(flowBody(parseFlow(line))).toBe(flowBody(flow));
      }),
      { numRuns: 1500 },
    );
  });

  test('a parsed group is the formatted one', () => {
    fc.assert(
      fc.property(groupArb, (group) => {
        expect(formatGroup(parseGroup(formatGroup(group)))).toBe(formatGroup(group));
      }),
    );
  });

  test('a parsed meter is the formatted one', () => {
    fc.assert(
      fc.property(meterArb, (meter) => {
        expect(parseMeter(formatMeter(meter))).toEqual(meter);
      }),
    );
  });

  test('the order of the fields of a match does not matter', () => {
    const shuffled = matchArb.chain((match) =>
      fc.tuple(fc.constant(match), fc.shuffledSubarray([...match], { minLength: match.length })),
    );
    fc.assert(
      fc.property(shuffled, ([match, other]) => {
        const flow: Flow = { table: 1, priority: 2, cookie: 0n, match, actions: [] };
        expect(formatMatch(other)).toBe(formatMatch(match));
        expect(flowKey({ ...flow, match: other })).toBe(flowKey(flow));
      }),
    );
  });
});
