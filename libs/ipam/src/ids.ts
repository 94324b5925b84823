/** Small ids of the datapath: the lowest that is neither in use nor resting. Each kind is a space of numbers of its own. */
export const idLimits = { node: 65_023, pool: 63, egress: 65_535, service: 65_535 } as const;
export type IdKind = keyof typeof idLimits;

/** `from`: none below it is free. */
export function freeId(kind: IdKind, used: ReadonlySet<number>, from = 1): number | undefined {
  for (let id = from; id <= idLimits[kind]; id++) if (!used.has(id)) return id;
  return undefined;
}
