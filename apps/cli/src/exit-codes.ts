/** What the shell learns. Scripts rely on these numbers. */
export const exitCodes = {
  ok: 0,
  /** Something does not work; it is printed first. */
  problems: 1,
  /** The command line or the kubeconfig is wrong. */
  usage: 2,
  /** The API server does not answer, or refuses. */
  unreachable: 3,
  /** It would do harm; nothing was changed. */
  refused: 4,
  /** What was waited for has not come; it goes on by itself. */
  timeout: 5,
} as const;

export const exitCodeHelp = `
Exit codes:
  0  done; status: everything works
  1  status: something does not work; the output says what, first
  2  the command line or the kubeconfig is wrong, or there is no such gateway
  3  the API server does not answer, or refuses
  4  drain: refused, because it would lead nowhere; nothing was changed
  5  drain, undrain: the time of --timeout is over; what was asked for goes on by itself`;
