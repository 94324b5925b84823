/** A run as text: one line for each thing that happened, for those who look for the cause of a violation. */
import { type SlotEffect } from '../protocol/effects.js';
import { type SlotEvent } from '../protocol/events.js';
import { type SimNode } from './sim-node.js';
import { type World } from './world.js';

/** Said often, and seldom of interest. */
const quiet: ReadonlySet<SlotEvent['type']> = new Set(['duties', 'announced']);

const plain = (key: string, value: unknown): unknown => {
  if (key === 'type') return undefined;
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return value;
};

const text = (value: unknown): string => JSON.stringify(value, plain).replaceAll('"', '').slice(0, 420);

export class Trace {
  readonly lines: string[] = [];
  private world: World | undefined;

  starts(world: World): void {
    this.world = world;
    const { orders, settings } = world.plan;
    this.lines.push(`slots ${text(orders)}, ${text(settings)}`);
  }

  fault(what: string): void {
    this.say(`!! ${what}`);
  }

  event(node: SimNode, event: SlotEvent): void {
    if (quiet.has(event.type)) return;
    if (event.type === 'health' && event.switchUp && event.uplinkUp) return;
    this.say(`${node.name} <- ${event.type} ${text(event)}`);
  }

  effect(node: SimNode, effect: SlotEffect): void {
    this.say(`${node.name} -> ${effect.type} ${text(effect)}`);
  }

  private say(what: string): void {
    this.lines.push(`${(this.world?.agenda.now ?? 0).toFixed(1).padStart(9)}  ${what}`);
  }
}
