/** What the record of moves consists of: single moves, as the gateway that made each one tells it, and incidents of many. */
import { z } from 'zod';
import { type MoveStep, type SlotEffect } from '../protocol/effects.js';

/** The last two: only of the gateway that hands over. */
const moveSteps = [
  'armed',
  'claimed',
  'probed',
  'opened',
  'retired',
  'handed-over',
] as const satisfies readonly MoveStep[];

export type MoveReason = Extract<SlotEffect, { readonly type: 'moved' }>['why'];

const moveReasons = [
  'mine-already',
  'holder-dead',
  'holder-gone',
  'released',
  'never-held',
  'forgotten',
  'store-silent',
  'handed-over',
] as const satisfies readonly MoveReason[];

const gateway = z.string().min(1);
const time = z.iso.datetime();

const incidentSchema = z.object({
  /** The same on every gateway that tells of it; moves are collected and jobs deduplicated by it. */
  id: z.string().min(1),
  kind: z.enum(['failover', 'drain', 'rebalance']),
  /** Who lost its slots, or gave them away. */
  gateway,
});

/** Slots that one gateway took, or handed over, at one time. */
export const moveSchema = z.object({
  /** Unique: a move that is sent twice is one. */
  id: z.string().min(1),
  pool: z.string(),
  poolId: z.int().min(0),
  /** Numbers within the pool. */
  slots: z.array(z.int().min(0)),
  from: gateway.optional(),
  to: gateway,
  why: z.enum(moveReasons),
  startedAt: time,
  at: time,
  /** Milliseconds since `startedAt`. */
  steps: z.partialRecord(z.enum(moveSteps), z.number().min(0)),
  incident: incidentSchema.optional(),
});

/** All moves of one lost gateway, or of one planned withdrawal, put together by whichever gateway ran the job. */
export const incidentRecordSchema = incidentSchema.extend({
  startedAt: time,
  at: time,
  /** From the first step of the first gateway to the last one open. */
  totalMs: z.number().min(0),
  slots: z.int().min(0),
  /** How many slots each gateway took. */
  takenBy: z.record(z.string(), z.int().min(0)),
});

export type Incident = Readonly<z.output<typeof incidentSchema>>;
export type Move = Readonly<z.output<typeof moveSchema>>;
export type IncidentRecord = Readonly<z.output<typeof incidentRecordSchema>>;
