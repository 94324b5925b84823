/**
 * The wall clock of the lab's Redis, which can be set without that of the machine: libfaketime (faketime(1)) adds what a
 * file says to every time that Redis reads, and looks into the file once a second. Monotonic clocks go on as they are.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LabPlan } from './plan.js';

const fileOf = (plan: LabPlan): string => join(plan.directory, 'redis', 'clock');

/** Seconds that Redis's clock is ahead; it notices within a second. */
export function setRedisClock(plan: LabPlan, aheadSeconds: number): void {
  mkdirSync(join(plan.directory, 'redis'), { recursive: true });
  writeFileSync(fileOf(plan), `${aheadSeconds < 0 ? '' : '+'}${aheadSeconds}\n`);
}

/** The dynamic linker knows what $LIB is on this machine (ld.so(8)). Redis's jemalloc asks for the time too early. */
const libraries = ['/usr/$LIB/libtcmalloc_minimal.so.4', '/usr/$LIB/faketime/libfaketimeMT.so.1'];

/** What Redis is started with. */
export const redisClockEnvironment = (plan: LabPlan): Readonly<Record<string, string>> => ({
  LD_PRELOAD: libraries.join(' '),
  FAKETIME_TIMESTAMP_FILE: fileOf(plan),
  FAKETIME_CACHE_DURATION: '1',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
});
