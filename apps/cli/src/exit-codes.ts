/** What the shell learns. Scripts rely on these numbers. */
export const exitCodes = {
  ok: 0,
  /** Something does not work; it is printed first. */
  problems: 1,
  /** The command line or the kubeconfig is wrong. */
  usage: 2,
  /** The API server does not answer, or refuses. */
  unreachable: 3,
} as const;

export const exitCodeHelp = `
Exit codes:
  0  everything works
  1  status: something does not work; the output says what, first
  2  the command line or the kubeconfig is wrong
  3  the API server does not answer, or refuses`;
