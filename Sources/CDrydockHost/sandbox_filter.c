// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "sandbox_internal.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define NATIVE_ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

// Both halves of an argument are in the byte order of the machine; all machines that this is built for are little.
#define NUMBER_OFFSET ((uint32_t)offsetof(struct seccomp_data, nr))
#define ARCHITECTURE_OFFSET ((uint32_t)offsetof(struct seccomp_data, arch))
#define ARGUMENT_OFFSET(n) ((uint32_t)(offsetof(struct seccomp_data, args) + 8 * (n)))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define ANSWER(number) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (number))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define UNLESS_EQUAL(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (skip))
#define REFUSE(name)                                                                                                   \
    UNLESS_EQUAL(__NR_##name, 1), ANSWER(EPERM)
/// With the number loaded: refuses a call whose argument has one of two values.
#define REFUSE_ARGUMENT(name, argument, one, other)                                                                    \
    UNLESS_EQUAL(__NR_##name, 5), LOAD(ARGUMENT_OFFSET(argument)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (one), 1, 0),   \
        UNLESS_EQUAL(other, 1), ANSWER(EPERM), ALLOW

/// Flags of clone(2) that make namespaces.
#define NAMESPACE_FLAGS                                                                                                \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

enum {
    /// TIOCSTI and TIOCLINUX put text into the terminal, as if the person had typed it.
    PUSH_INPUT = 0x5412,
    CONSOLE_CONTROL = 0x541C,
    /// Numbers from here on are those of the x32 interface of x86-64.
    X32_BIT = 0x40000000,
};

/// What no script of a build needs and what has opened ways out of containers: the calls that Docker's default profile
/// refuses to containers without further capabilities.
static const struct sock_filter refused_calls[] = {
    LOAD(ARCHITECTURE_OFFSET),
#ifdef NATIVE_ARCHITECTURE
    // Programs of another architecture have other numbers: none of theirs is known here.
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0),
    ANSWER(ENOSYS),
#endif
    LOAD(NUMBER_OFFSET),
#ifdef __x86_64__
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1),
    ANSWER(ENOSYS),
#endif
    // The flags of clone3 are in memory, where a filter cannot see them; without it libraries use clone.
    UNLESS_EQUAL(__NR_clone3, 1),
    ANSWER(ENOSYS),
    UNLESS_EQUAL(__NR_clone, 4),
    LOAD(ARGUMENT_OFFSET(0)),
    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACE_FLAGS, 0, 1),
    ANSWER(EPERM),
    ALLOW,
    REFUSE_ARGUMENT(ioctl, 1, PUSH_INPUT, CONSOLE_CONTROL),
    REFUSE_ARGUMENT(socket, 0, AF_VSOCK, AF_VSOCK),
    // The first process watches limits, for which it needs its own.
    REFUSE_ARGUMENT(prlimit64, 0, 1, 1),
    REFUSE(acct),
    REFUSE(add_key),
    REFUSE(bpf),
    REFUSE(clock_adjtime),
    REFUSE(clock_settime),
    REFUSE(delete_module),
    REFUSE(fanotify_init),
    REFUSE(finit_module),
    REFUSE(fsconfig),
    REFUSE(fsmount),
    REFUSE(fsopen),
    REFUSE(fspick),
    REFUSE(init_module),
    REFUSE(io_uring_enter),
    REFUSE(io_uring_register),
    REFUSE(io_uring_setup),
    REFUSE(kcmp),
    REFUSE(kexec_load),
#ifdef __NR_kexec_file_load
    REFUSE(kexec_file_load),
#endif
    REFUSE(keyctl),
    REFUSE(lookup_dcookie),
    REFUSE(mount),
    REFUSE(mount_setattr),
    REFUSE(move_mount),
    REFUSE(move_pages),
    REFUSE(nfsservctl),
    REFUSE(open_by_handle_at),
    REFUSE(open_tree),
    REFUSE(perf_event_open),
    REFUSE(pivot_root),
    REFUSE(quotactl),
    REFUSE(quotactl_fd),
    REFUSE(reboot),
    REFUSE(request_key),
    REFUSE(setdomainname),
    REFUSE(sethostname),
    REFUSE(setns),
    REFUSE(settimeofday),
    REFUSE(adjtimex),
    REFUSE(swapoff),
    REFUSE(swapon),
    REFUSE(syslog),
    REFUSE(umount2),
    REFUSE(unshare),
    REFUSE(userfaultfd),
    REFUSE(vhangup),
#ifdef __x86_64__
    REFUSE(_sysctl),
    REFUSE(create_module),
    REFUSE(get_kernel_syms),
    REFUSE(ioperm),
    REFUSE(iopl),
    REFUSE(query_module),
    REFUSE(sysfs),
    REFUSE(uselib),
    REFUSE(ustat),
    REFUSE(modify_ldt),
#endif
    ALLOW,
};

int drydock_install_filter(void) {
    size_t length = sizeof refused_calls / sizeof refused_calls[0];
    struct sock_fprog program = {.len = (unsigned short)length, .filter = (struct sock_filter *)refused_calls};
    return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0 ? -errno : 0;
}
