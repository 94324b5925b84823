/** Waiting for a condition that nothing tells of. It ends with its test: what comes behind it is not run when that failed. */
export class Waiting {
  private over = false;

  end(): void {
    this.over = true;
  }

  async until(condition: () => Promise<boolean> | boolean): Promise<void> {
    while (!(await condition())) {
      if (this.over) throw new Error('the test is over');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
