/** Moves that Redis has not taken yet: in order, and so many that memory has a bound. The oldest are given up first. */
import { type Move } from './move.js';

export class Outbox {
  private moves: readonly Move[] = [];
  private lost = 0;

  constructor(private readonly limit: number) {}

  get size(): number {
    return this.moves.length;
  }

  get first(): Move | undefined {
    return this.moves[0];
  }

  add(move: Move): void {
    const kept = this.moves.slice(Math.max(0, this.moves.length + 1 - this.limit));
    this.lost += this.moves.length - kept.length;
    this.moves = [...kept, move];
  }

  sent({ id }: Move): void {
    this.moves = this.moves.filter((move) => move.id !== id);
  }

  /** How many were given up since the last call. */
  takeLost(): number {
    const { lost } = this;
    this.lost = 0;
    return lost;
  }
}
