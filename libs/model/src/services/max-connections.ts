/** The annotation `sluice.dev/max-connections` of a Service: a cap of its connections on each gateway. */
import { type Service } from '@sluice/kube';
import { maxConnectionsAnnotation } from '../names.js';

export type ParsedCap =
  { readonly ok: true; readonly connections: number } | { readonly ok: false; readonly message: string };

const most = 10_000_000;

/** Undefined: there is no cap. */
export function maxConnectionsOf({ metadata }: Service): ParsedCap | undefined {
  const text = metadata.annotations?.[maxConnectionsAnnotation]?.trim() ?? '';
  if (text === '') return undefined;
  const connections = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  if (connections >= 1 && connections <= most) return { ok: true, connections };
  return { ok: false, message: `"${text.slice(0, 60)}" is no number from 1 to ${String(most)}` };
}
