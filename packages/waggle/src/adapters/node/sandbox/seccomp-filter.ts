/** Numbers of the calls named in {@link REFUSED} and below, for one machine architecture. */
interface CallTable {
  /** `AUDIT_ARCH_*` of the kernel. */
  readonly audit: number;
  readonly refused: readonly number[];
  readonly clone: number;
  readonly clone3: number;
  readonly socket: number;
  readonly ioctl: number;
}

/**
 * Refused calls, in the order of names below. They reach what namespaces do not separate (key rings, the kernel log,
 * performance counters, other processes' memory) or open kernel code that ordinary programs never use.
 *
 * ptrace, process_vm_readv, process_vm_writev, unshare, setns, mount, umount2, pivot_root, chroot, open_by_handle_at,
 * name_to_handle_at, keyctl, add_key, request_key, bpf, perf_event_open, userfaultfd, kexec_load, kexec_file_load,
 * init_module, finit_module, delete_module, syslog, reboot, swapon, swapoff, acct, quotactl, io_uring_setup,
 * io_uring_enter, io_uring_register, open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr.
 */
const TABLES: Readonly<Record<string, CallTable>> = {
  x64: {
    audit: 0xc000003e,
    refused: [
      101, 310, 311, 272, 308, 165, 166, 155, 161, 304, 303, 250, 248, 249, 321, 298, 323, 246, 320,
      175, 313, 176, 103, 169, 167, 168, 163, 179, 425, 426, 427, 428, 429, 430, 431, 432, 433, 442,
    ],
    clone: 56,
    clone3: 435,
    socket: 41,
    ioctl: 16,
  },
  arm64: {
    audit: 0xc00000b7,
    refused: [
      117, 270, 271, 97, 268, 40, 39, 41, 51, 265, 264, 219, 217, 218, 280, 241, 282, 104, 294, 105,
      273, 106, 116, 142, 224, 225, 89, 60, 425, 426, 427, 428, 429, 430, 431, 432, 433, 442,
    ],
    clone: 220,
    clone3: 435,
    socket: 198,
    ioctl: 29,
  },
};

/** `CLONE_NEW*`: time, mount, cgroup, uts, ipc, user, pid, net. */
const NEW_NAMESPACE_FLAGS = 0x7e02_0080;

/** `AF_UNIX`, `AF_INET`, `AF_INET6`, `AF_NETLINK`. Others (vsock, packet, ...) pass by the network namespace. */
const SOCKET_FAMILIES: readonly number[] = [1, 2, 10, 16];

/** `TIOCSTI` and `TIOCLINUX`: typing into a terminal from inside. */
const TERMINAL_REQUESTS: readonly number[] = [0x5412, 0x541c];

const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

const LOAD_WORD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const refuse = (errno: number): number => 0x0005_0000 | errno;

/** Offsets in the kernel's `seccomp_data`: call number, architecture, low words of the arguments. */
const CALL = 0;
const ARCHITECTURE = 4;
const argument = (index: number): number => 16 + 8 * index;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, value: number];

/**
 * A filter of system calls as the kernel takes it (an array of `sock_filter`, little endian), or undefined for an
 * architecture whose call numbers are not known here.
 * @param architecture - As in `process.arch`.
 */
export function seccompFilter(architecture: string): Buffer | undefined {
  const table = TABLES[architecture];
  if (table === undefined) return undefined;
  const program: readonly Instruction[] = [
    [LOAD_WORD, 0, 0, ARCHITECTURE],
    [JUMP_EQUAL, 1, 0, table.audit],
    [RETURN, 0, 0, refuse(ENOSYS)],
    [LOAD_WORD, 0, 0, CALL],
    // Calls of the 32-bit-pointer kind of x64 have a bit set that would pass by the numbers below.
    [JUMP_AT_LEAST, 0, 1, 0x4000_0000],
    [RETURN, 0, 0, refuse(ENOSYS)],
    ...table.refused.flatMap((call): Instruction[] => [
      [JUMP_EQUAL, 0, 1, call],
      [RETURN, 0, 0, refuse(EPERM)],
    ]),
    // Its flags stand in memory, where a filter cannot look; libraries fall back to clone.
    [JUMP_EQUAL, 0, 1, table.clone3],
    [RETURN, 0, 0, refuse(ENOSYS)],
    [JUMP_EQUAL, 0, 4, table.clone],
    [LOAD_WORD, 0, 0, argument(0)],
    [JUMP_ANY_BIT, 0, 1, NEW_NAMESPACE_FLAGS],
    [RETURN, 0, 0, refuse(EPERM)],
    [RETURN, 0, 0, ALLOW],
    [JUMP_EQUAL, 0, SOCKET_FAMILIES.length + 3, table.socket],
    [LOAD_WORD, 0, 0, argument(0)],
    ...SOCKET_FAMILIES.map(
      (family, i): Instruction => [JUMP_EQUAL, SOCKET_FAMILIES.length - i, 0, family],
    ),
    [RETURN, 0, 0, refuse(EAFNOSUPPORT)],
    [RETURN, 0, 0, ALLOW],
    [JUMP_EQUAL, 0, TERMINAL_REQUESTS.length + 1, table.ioctl],
    [LOAD_WORD, 0, 0, argument(1)],
    ...TERMINAL_REQUESTS.map(
      (request, i): Instruction => [JUMP_EQUAL, TERMINAL_REQUESTS.length - i, 0, request],
    ),
    [RETURN, 0, 0, ALLOW],
    [RETURN, 0, 0, refuse(EPERM)],
  ];
  const bytes = Buffer.alloc(program.length * 8);
  for (const [i, [code, ifTrue, ifFalse, value]] of program.entries()) {
    bytes.writeUInt16LE(code, i * 8);
    bytes.writeUInt8(ifTrue, i * 8 + 2);
    bytes.writeUInt8(ifFalse, i * 8 + 3);
    bytes.writeUInt32LE(value, i * 8 + 4);
  }
  return bytes;
}
