/** Small ids of the datapath: the lowest that is neither in use nor resting. */
export const idLimits = { node: 65_023, pool: 63, egress: 65_535 } as const;
export type IdKind = keyof typeof idLimits;

export function freeId(kind: IdKind, used: ReadonlySet<number>): number | undefined {
  for (let id = 1; id <= idLimits[kind]; id++) if (!used.has(id)) return id;
  return undefined;
}
