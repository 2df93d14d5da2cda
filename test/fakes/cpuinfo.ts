/** Socket and core of six hyper-threads: three cores on two sockets. */
export const THREE_CORES = [
  [0, 0],
  [0, 1],
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 0],
] as const;

/** The text of /proc/cpuinfo on x86, one block per hyper-thread. */
export function x86Cpuinfo(
  flags: string,
  cores: readonly (readonly [socket: number, core: number])[],
): string {
  return cores
    .map(
      ([socket, core], index) =>
        `processor\t: ${index}\nvendor_id\t: GenuineIntel\nphysical id\t: ${socket}\ncore id\t\t: ${core}\nflags\t\t: ${flags}\nbugs\t\t: spectre_v1`,
    )
    .join('\n\n');
}
