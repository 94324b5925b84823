/** The part that is used; jStat has no types of its own. */
declare module 'jstat' {
  const jStat: {
    readonly chisquare: {
      /** Of `degrees` degrees of freedom: how often a statistic is at most `x`. */
      readonly cdf: (x: number, degrees: number) => number;
    };
  };
  export default jStat;
}
