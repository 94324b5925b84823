/** What is read when it is needed and kept until it is forgotten: also while it is read, for the reading may be older. */
export class Cached<T> {
  private value: T | undefined;
  private version = 0;

  /** Undefined: the next `get` reads. */
  get current(): T | undefined {
    return this.value;
  }

  forget(): void {
    this.version++;
    this.value = undefined;
  }

  async get(read: () => Promise<T>): Promise<T> {
    if (this.value !== undefined) return this.value;
    const { version } = this;
    const value = await read();
    if (version === this.version) this.value = value;
    return value;
  }
}
