/** What happens next: true time jumps from one event to the following one. A binary heap; equals come in order of entry. */
interface Item {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const before = (a: Item, b: Item): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class Agenda {
  private readonly heap: Item[] = [];
  private entered = 0;
  private time = 0;

  /** Milliseconds of true time since the run began. */
  get now(): number {
    return this.time;
  }

  after(ms: number, run: () => void): void {
    const item = { at: this.time + ms, order: this.entered++, run };
    let at = this.heap.push(item) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = this.heap[up];
      if (parent === undefined || before(parent, item)) break;
      this.heap[at] = parent;
      at = up;
    }
    this.heap[at] = item;
  }

  /** Runs the next event; false if there is none until then. */
  step(until: number): boolean {
    const [first] = this.heap;
    if (first === undefined || first.at > until) return false;
    this.removeFirst();
    this.time = first.at;
    first.run();
    return true;
  }

  private removeFirst(): void {
    const last = this.heap.pop();
    if (last === undefined || this.heap.length === 0) return;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      let child = this.heap[down];
      if (child === undefined) break;
      const right = this.heap[down + 1];
      if (right !== undefined && before(right, child)) {
        child = right;
        down++;
      }
      if (before(last, child)) break;
      this.heap[at] = child;
      at = down;
    }
    this.heap[at] = last;
  }
}
