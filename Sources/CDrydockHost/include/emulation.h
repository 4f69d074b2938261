// SPDX-License-Identifier: Apache-2.0
//
// Emulated ownership: a seccomp filter that asks another process about every call that sets or tells owners, and what
// that other process needs to answer. seccomp_unotify(2) describes the mechanism.
//
// As in the rest of this module, functions return 0, a descriptor or a length, or a negated errno.

#ifndef CDRYDOCKHOST_EMULATION_H
#define CDRYDOCKHOST_EMULATION_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// The calls that are asked about, by one name for all processors.
enum drydock_call {
    /// A call of a program for another processor kind (32-bit code): nothing is known of its arguments.
    DRYDOCK_CALL_FOREIGN = 0,

    DRYDOCK_CALL_CHOWN,
    DRYDOCK_CALL_LCHOWN,
    DRYDOCK_CALL_FCHOWN,
    DRYDOCK_CALL_FCHOWNAT,

    DRYDOCK_CALL_OPEN,
    DRYDOCK_CALL_CREAT,
    DRYDOCK_CALL_OPENAT,
    DRYDOCK_CALL_OPENAT2,
    DRYDOCK_CALL_MKDIR,
    DRYDOCK_CALL_MKDIRAT,
    DRYDOCK_CALL_MKNOD,
    DRYDOCK_CALL_MKNODAT,
    DRYDOCK_CALL_SYMLINK,
    DRYDOCK_CALL_SYMLINKAT,
    DRYDOCK_CALL_LINK,
    DRYDOCK_CALL_LINKAT,

    DRYDOCK_CALL_STAT,
    DRYDOCK_CALL_LSTAT,
    DRYDOCK_CALL_FSTAT,
    DRYDOCK_CALL_FSTATAT,
    DRYDOCK_CALL_STATX,

    DRYDOCK_CALL_SETXATTR,
    DRYDOCK_CALL_LSETXATTR,
    DRYDOCK_CALL_FSETXATTR,
    DRYDOCK_CALL_GETXATTR,
    DRYDOCK_CALL_LGETXATTR,
    DRYDOCK_CALL_FGETXATTR,
    DRYDOCK_CALL_LISTXATTR,
    DRYDOCK_CALL_LLISTXATTR,
    DRYDOCK_CALL_FLISTXATTR,
    DRYDOCK_CALL_REMOVEXATTR,
    DRYDOCK_CALL_LREMOVEXATTR,
    DRYDOCK_CALL_FREMOVEXATTR,

    DRYDOCK_CALL_SETUID,
    DRYDOCK_CALL_SETGID,
    DRYDOCK_CALL_SETREUID,
    DRYDOCK_CALL_SETREGID,
    DRYDOCK_CALL_SETRESUID,
    DRYDOCK_CALL_SETRESGID,
    DRYDOCK_CALL_SETFSUID,
    DRYDOCK_CALL_SETFSGID,
    DRYDOCK_CALL_SETGROUPS,
    DRYDOCK_CALL_GETUID,
    DRYDOCK_CALL_GETEUID,
    DRYDOCK_CALL_GETGID,
    DRYDOCK_CALL_GETEGID,
    DRYDOCK_CALL_GETRESUID,
    DRYDOCK_CALL_GETRESGID,
    DRYDOCK_CALL_GETGROUPS,
    DRYDOCK_CALL_CAPSET,
    /// `prctl(2)` with PR_SET_KEEPCAPS.
    DRYDOCK_CALL_KEEP_CAPABILITIES,
    /// `execve(2)` and `execveat(2)`.
    DRYDOCK_CALL_EXECUTE,
};

/// What is emulated.
enum drydock_emulation {
    DRYDOCK_EMULATION_NONE = 0,
    /// Owners and all that goes with them: every call above.
    DRYDOCK_EMULATION_OWNERS = 1,
    /// Only that devices are made.
    DRYDOCK_EMULATION_DEVICES = 2,
};

/// The most instructions that `drydock_emulation_filter` writes.
enum { DRYDOCK_EMULATION_FILTER_CAPACITY = 256 };

/// Writes the filter, an array of `struct sock_filter`, for this processor; the number of instructions.
int drydock_emulation_filter(enum drydock_emulation kind, void *_Nonnull instructions, size_t capacity);

/// Puts the calling thread, and all that it starts, under the filter; `listener` receives the descriptor on which its
/// calls are asked about. Async-signal-safe, without allocation: for a child between fork and exec.
///
/// From here on the calls of `enum drydock_call` wait until somebody answers, those of the calling thread too.
/// Needs CAP_SYS_ADMIN in its user namespace or no_new_privs. EBUSY: a filter with a listener is there already.
int drydock_emulation_install(enum drydock_emulation kind, int *_Nonnull listener);

/// Sends a descriptor over a connected socket, with one byte of no meaning.
int drydock_send_descriptor(int socket, int descriptor);

/// Receives one; -EPIPE when the other side is gone, -EBADMSG when a message brought none.
int drydock_receive_descriptor(int socket);

/// A call that waits for an answer.
struct drydock_notification {
    uint64_t id;
    /// The thread that calls, as this process's `/proc` names it.
    int32_t thread;
    /// One of `enum drydock_call`.
    int32_t call;
    uint64_t arguments[6];
};

/// Has the kernel hand calls and answers over on one processor where it can (Linux 6.6); a hint.
void drydock_notification_prefer_one_processor(int listener);

/// Waits for a call: 1 when there is one; 0 when there will be none any more.
int drydock_notification_wait(int listener);

/// Takes a call, and waits for one if there is none: 1, or 0 when its thread has been killed meanwhile. Since Linux 6.11
/// also 0 when there will be none any more; before, it then waits for ever.
///
/// With `allows_files` a call that makes a file or directory, and no device, is left to the kernel at once: 2.
int drydock_notification_receive(
    int listener, int allows_files, struct drydock_notification *_Nonnull notification);

/// Whether the thread still waits for the answer. Until it has one, its number is not given to another thread; so what
/// was read from `/proc/THREAD` or its memory *before* this says yes is truly of this call.
int drydock_notification_is_valid(int listener, uint64_t id);

/// Answers: the call returns `value`, or fails with `error` if that is not 0.
int drydock_notification_answer(int listener, uint64_t id, int64_t value, int error);

/// Lets the kernel carry the call out as if nobody had been asked.
int drydock_notification_continue(int listener, uint64_t id);

/// Answers with a copy of a descriptor of this process.
int drydock_notification_give(int listener, uint64_t id, int descriptor, int close_on_exec);

/// Sends SIGKILL to the process of a thread.
void drydock_kill_process_of(int thread);

/// Reads another thread's memory: the length until the first page that is not there, or -EFAULT.
ssize_t drydock_read_memory(int thread, uint64_t address, void *_Nonnull buffer, size_t count);

/// The same up to a NUL, which is not counted; `ends` tells whether there was one.
ssize_t drydock_read_text(
    int thread, uint64_t address, void *_Nonnull buffer, size_t count, int *_Nonnull ends);

/// Opens `/proc/THREAD/NAME`.
int drydock_open_of_thread(int thread, const char *_Nonnull name, int flags);

/// A descriptor that stands for a thread, as long as it lives: `pidfd_open(2)`. Before Linux 6.9 only the first thread of a
/// process can have one: -EINVAL for others.
int drydock_open_thread(int thread);

/// A copy of a descriptor of a thread that `handle` stands for: `pidfd_getfd(2)`. -ESRCH when the thread is gone.
int drydock_copy_descriptor(int handle, int descriptor);

/// `fcntl(2)` with F_DUPFD_CLOEXEC.
int drydock_duplicate(int descriptor);

/// `openat2(2)`.
int drydock_openat2(int directory, const char *_Nonnull path, uint64_t flags, uint64_t resolve);

/// What identifies a file, and what its file system says of its owner.
struct drydock_file_facts {
    uint64_t device;
    uint64_t inode;
    /// Nanoseconds since 1970, or 0 where the file system does not tell.
    int64_t birth;
    /// The mount through which it was reached, or 0 before Linux 5.8.
    uint64_t mount;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
};

/// The facts of `path`, relative to `directory`; `flags` as for `statx(2)`.
int drydock_file_facts(
    int directory, const char *_Nonnull path, int flags, struct drydock_file_facts *_Nonnull facts);

/// The owner that a file is shown with, and the device that it is shown as; `type` is 0 for no device.
struct drydock_appearance {
    uint32_t uid;
    uint32_t gid;
    uint32_t type;
    uint32_t device_major;
    uint32_t device_minor;
};

/// Room for `struct stat` and for `struct statx`, on every processor.
enum { DRYDOCK_STATUS_CAPACITY = 256 };

/// Writes the kernel's `struct stat` of a file with its appearance laid over; its length.
ssize_t drydock_status(
    int directory, const char *_Nonnull path, int flags, const struct drydock_appearance *_Nonnull appearance,
    void *_Nonnull buffer);

/// Writes `struct statx` likewise.
ssize_t drydock_extended_status(
    int directory, const char *_Nonnull path, int flags, uint32_t mask,
    const struct drydock_appearance *_Nonnull appearance, void *_Nonnull buffer);

/// `fchownat(2)` that changes nothing but what every chown changes: the time of the last change, setuid and setgid
/// bits, and that overlayfs copies the file up.
int drydock_touch_owner(int directory, const char *_Nonnull path, int flags);

/// The same for an attribute: the time of the last change, and that overlayfs copies the file up. `descriptor` may be an
/// O_PATH one, but not of a symbolic link.
int drydock_touch_mode(int descriptor, uint32_t mode);

/// `mkdirat(2)` and `symlinkat(2)`.
int drydock_mkdirat(int directory, const char *_Nonnull name, uint32_t mode);
int drydock_symlinkat(const char *_Nonnull target, int directory, const char *_Nonnull name);

/// The names of the attributes of an open file, which may be an O_PATH one; see `listxattr(2)`.
ssize_t drydock_listxattr(int descriptor, char *_Nullable buffer, size_t capacity);

/// Gives the calling thread a working directory and umask of its own, and sets its umask to 0.
int drydock_detach_umask(void);

/// The type of the file system that an open file is on, see statfs(2).
int64_t drydock_file_system_type(int descriptor);

#endif
