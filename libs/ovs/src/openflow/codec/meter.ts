/** Meters with their one drop band, openflow-1.3.h. */
import { CodecError } from '../../errors.js';
import { type Meter } from '../flow.js';
import { type MeterMod } from '../messages.js';
import { type Reader } from '../wire/reader.js';
import { type Writer } from '../wire/writer.js';

const commands = ['add', 'modify', 'delete'] as const;
const flags = { kbps: 1, pktps: 2, burst: 4, stats: 8 } as const;
const dropBand = 1;
const bandBytes = 16;
export const everyMeter = 0xffff_ffff;

const flagsOf = ({ unit, burst, stats }: Meter): number =>
  flags[unit] | (burst === undefined ? 0 : flags.burst) | (stats === true ? flags.stats : 0);

function writeBand(writer: Writer, { rate, burst }: Meter): void {
  writer.u16(dropBand);
  writer.u16(bandBytes);
  writer.u32(rate);
  writer.u32(burst ?? 0);
  writer.zeros(4);
}

interface Head {
  readonly bits: number;
  readonly id: number;
}

function readBand({ bits, id }: Head, reader: Reader): Meter {
  const [type, length] = [reader.u16(), reader.u16()];
  if (type !== dropBand || length !== bandBytes || reader.remaining !== bandBytes - 4) {
    throw new CodecError(`meter ${String(id)} has other bands than one that drops`);
  }
  const [rate, burst] = [reader.u32(), reader.u32()];
  return {
    id,
    unit: (bits & flags.pktps) !== 0 ? 'pktps' : 'kbps',
    ...((bits & flags.stats) !== 0 && { stats: true }),
    rate,
    // Open vSwitch fills in a burst of its own where none was asked for.
    ...((bits & flags.burst) !== 0 && { burst }),
  };
}

export function writeMeterMod(writer: Writer, mod: MeterMod): void {
  writer.u16(commands.indexOf(mod.command));
  if (mod.command === 'delete') {
    writer.u16(0);
    writer.u32(mod.meter ?? everyMeter);
    return;
  }
  writer.u16(flagsOf(mod.meter));
  writer.u32(mod.meter.id);
  writeBand(writer, mod.meter);
}

export function readMeterMod(reader: Reader): MeterMod {
  const number = reader.u16();
  const command = commands[number];
  const [bits, id] = [reader.u16(), reader.u32()];
  if (command === undefined) throw new CodecError(`meter mod has command ${String(number)}`);
  if (command === 'delete') return id === everyMeter ? { command } : { command, meter: id };
  return { command, meter: readBand({ bits, id }, reader) };
}

/** One meter of a description, ofp13_meter_config. */
export function writeMeter(writer: Writer, meter: Meter): void {
  writer.u16(8 + bandBytes);
  writer.u16(flagsOf(meter));
  writer.u32(meter.id);
  writeBand(writer, meter);
}

export function readMeter(reader: Reader): Meter {
  const length = reader.u16();
  const body = reader.sub(length - 2);
  const [bits, id] = [body.u16(), body.u32()];
  return readBand({ bits, id }, body);
}
