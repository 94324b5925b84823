/** What a refusal of Redis means for the operator: first word of its reply → what to do about it. */
const advice: Readonly<Record<string, string>> = {
  READONLY: 'this server is a replica; point Sluice at the master, or at the Sentinels',
  NOPERM: 'the user of Sluice lacks a permission; give it the ACL of the guide',
  NOAUTH: 'Redis wants a password; set SLUICE_REDIS_PASSWORD_FILE',
  WRONGPASS: 'user name or password is wrong; check SLUICE_REDIS_USERNAME and SLUICE_REDIS_PASSWORD_FILE',
  OOM: 'Redis is full (maxmemory); give it more memory or remove what others keep in it',
  WRONGTYPE: 'another program has written this key; delete it, and give Sluice a prefix of its own',
  MISCONF: 'Redis refuses writes because its snapshots fail; Sluice needs none: save "" switches them off',
  LOADING: 'Redis is still loading its data set; Sluice tries again',
  MASTERDOWN: 'this server is a replica that lost its master; Sluice tries again',
  NOREPLICAS: 'Redis has fewer replicas than min-replicas-to-write asks for',
  BUSY: 'a script of another program blocks Redis; SCRIPT KILL ends it',
  MOVED: 'this is a Redis Cluster, which Sluice does not speak to; give it one master, with Sentinel',
  CLUSTERDOWN: 'this is a Redis Cluster, which Sluice does not speak to; give it one master, with Sentinel',
};

/** The text of a refusal with what to do; `reply` is what Redis said, beginning with its code. */
export function refusal(reply: string): string {
  const hint = advice[/^[A-Z]+/.exec(reply)?.[0] ?? ''];
  return hint === undefined
    ? `Redis refused: ${reply}`
    : `Redis refused: ${reply} — ${hint} (docs/guide/redis.md)`;
}
