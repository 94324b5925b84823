/** Rendezvous hashing: who comes first for a slot, whoever else is there. */

/** FNV-1a with a final mix, so that names which differ in their last character spread. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}

/** Every gateway has a weight for every slot, heaviest first: one that goes moves only its own slots. */
export function ranked(pool: string, slot: number, gateways: readonly string[]): readonly string[] {
  const weighed = gateways.map((name) => ({ name, weight: hash(`${pool}/${String(slot)}/${name}`) }));
  return weighed.sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1)).map(({ name }) => name);
}
