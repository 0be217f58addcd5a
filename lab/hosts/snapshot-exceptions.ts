/** Facts of a snapshot that differ without a program's doing. Each line is SECTION<tab>FACT, as snapshot-host.sh prints it. */
export interface SnapshotException {
  readonly line: RegExp;
  readonly reason: string;
}

export const snapshotExceptions: readonly SnapshotException[] = [
  { line: /^setting\tfs\.(dentry-state|inode-nr|inode-state|file-nr|aio-nr|quota\.syncs) /, reason: "counters of the whole machine" },
  { line: /^setting\tkernel\.(random\.\w+|ns_last_pid|pty\.nr|perf_event_max_sample_rate) /, reason: "counters of the whole machine" },
  { line: /^setting\tnet\.netfilter\.nf_conntrack_count /, reason: "a counter" },
  {
    line: /^setting\t(vm\.(overcommit_memory|panic_on_oom)|kernel\.(panic|panic_on_oops|keys\.root_max\w+)|fs\.inotify\.max_user_\w+) /,
    reason: "the kernel keeps one for all hosts of the lab: a kubelet anywhere sets them, and the lab puts them back at its end",
  },
  { line: /^setting\tnet\.(netfilter\.)?nf_conntrack_(max|buckets) /, reason: "the kernel keeps one for all hosts of the lab" },
  { line: /^file\t\/var\/lib\/systemd\/(random-seed|timers\/)/, reason: "systemd's seed, and when its own timers ran last" },
  { line: /^unit\tstate systemd-tmpfiles-clean\.(service|timer) /, reason: "systemd runs it a quarter of an hour after boot" },
  { line: /^entry\t\/run\/nri d$/, reason: "k3s's containerd makes it, and k3s's uninstall leaves it; it goes with the next boot" },
];
