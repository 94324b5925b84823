/** Meters in the words of ovs-ofctl, on one line as `add-meter` takes them; `dump-meters` puts spaces and a line break. */
import { type Meter } from '../flow.js';
import { Span } from './scanner.js';

/** `meter=1,kbps,burst,stats,bands=type=drop,rate=20000,burst_size=2000`. */
export function formatMeter({ id, unit, stats, rate, burst }: Meter): string {
  const flags = [unit, ...(burst === undefined ? [] : ['burst']), ...(stats === true ? ['stats'] : [])];
  const size = burst === undefined ? '' : `,burst_size=${String(burst)}`;
  return `meter=${String(id)},${flags.join(',')},bands=type=drop,rate=${String(rate)}${size}`;
}

interface Draft {
  id?: number;
  unit: Meter['unit'];
  stats: boolean;
  burstFlag: boolean;
  rate?: number;
  burst?: number;
}

function parsePart(draft: Draft, piece: Span): void {
  const { text } = piece;
  const [key, value] = piece.cut('=') ?? [];
  if (text === 'kbps' || text === 'pktps') draft.unit = text;
  else if (text === 'stats') draft.stats = true;
  else if (text === 'burst') draft.burstFlag = true;
  else if (text === 'type=drop' || text === 'bands=type=drop' || text === 'bands=') return;
  else if (key?.text === 'meter' && value !== undefined) draft.id = value.number();
  else if (key?.text === 'rate' && value !== undefined) draft.rate = value.number();
  else if (key?.text === 'burst_size' && value !== undefined) draft.burst = value.number();
  else throw piece.fail(`a meter has no "${text}"`);
}

/** Takes `add-meter`'s form and `dump-meters`'s. Raises TextError. */
export function parseMeter(text: string): Meter {
  const span = new Span(text);
  const draft: Draft = { unit: 'kbps', stats: false, burstFlag: false };
  for (const piece of span.split(', \n')) parsePart(draft, piece);
  const { id, unit, stats, burstFlag, rate, burst } = draft;
  if (id === undefined || rate === undefined) throw span.fail('meter and rate are needed');
  if (burstFlag && burst === undefined) throw span.fail('burst needs a burst_size');
  return { id, unit, ...(stats && { stats }), rate, ...(burst !== undefined && burstFlag && { burst }) };
}
