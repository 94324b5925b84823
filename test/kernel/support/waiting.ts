/** Waiting for a condition that nothing tells of; it ends with its test, also when that failed. */
export class Waiting {
  private over = false;

  end(): void {
    this.over = true;
  }

  async until(condition: () => Promise<boolean> | boolean): Promise<void> {
    while (!this.over && !(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
