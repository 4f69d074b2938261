// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "emulation.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "emulated ownership knows the system calls of x86_64 and aarch64"
#endif

// Names that kernel headers before the named version lack.
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV // 5.19
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS // 6.6
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif
#ifndef SECCOMP_ADDFD_FLAG_SEND // 5.14
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif

// MARK: The filter

/// A call that is asked about: always, or when a bit of `mask` is set in an argument.
struct asked_call {
    int number;
    int call;
    int argument;
    uint32_t mask;
};

/// O_TMPFILE without the O_DIRECTORY within it.
enum { MAKES_A_FILE = O_CREAT | (O_TMPFILE & ~O_DIRECTORY) };

static const struct asked_call asked_calls[] = {
#ifdef __NR_stat
    {__NR_stat, DRYDOCK_CALL_STAT, 0, 0},
    {__NR_lstat, DRYDOCK_CALL_LSTAT, 0, 0},
    {__NR_open, DRYDOCK_CALL_OPEN, 1, MAKES_A_FILE},
    {__NR_creat, DRYDOCK_CALL_CREAT, 0, 0},
    {__NR_mkdir, DRYDOCK_CALL_MKDIR, 0, 0},
    {__NR_mknod, DRYDOCK_CALL_MKNOD, 0, 0},
    {__NR_symlink, DRYDOCK_CALL_SYMLINK, 0, 0},
    {__NR_link, DRYDOCK_CALL_LINK, 0, 0},
    {__NR_chown, DRYDOCK_CALL_CHOWN, 0, 0},
    {__NR_lchown, DRYDOCK_CALL_LCHOWN, 0, 0},
#endif
    {__NR_fstat, DRYDOCK_CALL_FSTAT, 0, 0},
    {__NR_newfstatat, DRYDOCK_CALL_FSTATAT, 0, 0},
    {__NR_statx, DRYDOCK_CALL_STATX, 0, 0},
    {__NR_openat, DRYDOCK_CALL_OPENAT, 2, MAKES_A_FILE},
    // Its flags are in memory, where a filter cannot look.
    {__NR_openat2, DRYDOCK_CALL_OPENAT2, 0, 0},
    {__NR_mkdirat, DRYDOCK_CALL_MKDIRAT, 0, 0},
    {__NR_mknodat, DRYDOCK_CALL_MKNODAT, 0, 0},
    {__NR_symlinkat, DRYDOCK_CALL_SYMLINKAT, 0, 0},
    {__NR_linkat, DRYDOCK_CALL_LINKAT, 0, 0},
    {__NR_fchown, DRYDOCK_CALL_FCHOWN, 0, 0},
    {__NR_fchownat, DRYDOCK_CALL_FCHOWNAT, 0, 0},
    {__NR_setxattr, DRYDOCK_CALL_SETXATTR, 0, 0},
    {__NR_lsetxattr, DRYDOCK_CALL_LSETXATTR, 0, 0},
    {__NR_fsetxattr, DRYDOCK_CALL_FSETXATTR, 0, 0},
    {__NR_getxattr, DRYDOCK_CALL_GETXATTR, 0, 0},
    {__NR_lgetxattr, DRYDOCK_CALL_LGETXATTR, 0, 0},
    {__NR_fgetxattr, DRYDOCK_CALL_FGETXATTR, 0, 0},
    {__NR_listxattr, DRYDOCK_CALL_LISTXATTR, 0, 0},
    {__NR_llistxattr, DRYDOCK_CALL_LLISTXATTR, 0, 0},
    {__NR_flistxattr, DRYDOCK_CALL_FLISTXATTR, 0, 0},
    {__NR_removexattr, DRYDOCK_CALL_REMOVEXATTR, 0, 0},
    {__NR_lremovexattr, DRYDOCK_CALL_LREMOVEXATTR, 0, 0},
    {__NR_fremovexattr, DRYDOCK_CALL_FREMOVEXATTR, 0, 0},
    {__NR_setuid, DRYDOCK_CALL_SETUID, 0, 0},
    {__NR_setgid, DRYDOCK_CALL_SETGID, 0, 0},
    {__NR_setreuid, DRYDOCK_CALL_SETREUID, 0, 0},
    {__NR_setregid, DRYDOCK_CALL_SETREGID, 0, 0},
    {__NR_setresuid, DRYDOCK_CALL_SETRESUID, 0, 0},
    {__NR_setresgid, DRYDOCK_CALL_SETRESGID, 0, 0},
    {__NR_setfsuid, DRYDOCK_CALL_SETFSUID, 0, 0},
    {__NR_setfsgid, DRYDOCK_CALL_SETFSGID, 0, 0},
    {__NR_setgroups, DRYDOCK_CALL_SETGROUPS, 0, 0},
    {__NR_getuid, DRYDOCK_CALL_GETUID, 0, 0},
    {__NR_geteuid, DRYDOCK_CALL_GETEUID, 0, 0},
    {__NR_getgid, DRYDOCK_CALL_GETGID, 0, 0},
    {__NR_getegid, DRYDOCK_CALL_GETEGID, 0, 0},
    {__NR_getresuid, DRYDOCK_CALL_GETRESUID, 0, 0},
    {__NR_getresgid, DRYDOCK_CALL_GETRESGID, 0, 0},
    {__NR_getgroups, DRYDOCK_CALL_GETGROUPS, 0, 0},
    {__NR_capset, DRYDOCK_CALL_CAPSET, 0, 0},
    {__NR_execve, DRYDOCK_CALL_EXECUTE, 0, 0},
    {__NR_execveat, DRYDOCK_CALL_EXECUTE, 0, 0},
};

enum { ASKED_CALL_COUNT = sizeof asked_calls / sizeof asked_calls[0] };

/// Calls that must look as if the kernel did not know them: io_uring opens and stats files without system calls that
/// a filter sees, and programs fall back from the newer forms of the calls above to those.
static const int unknown_calls[] = {
    425, // io_uring_setup
    463, // setxattrat
    464, // getxattrat
    465, // listxattrat
    466, // removexattrat
};

struct filter_writer {
    struct sock_filter *instructions;
    size_t count;
    size_t capacity;
};

static void put(struct filter_writer *writer, struct sock_filter instruction) {
    if (writer->count < writer->capacity) writer->instructions[writer->count] = instruction;
    writer->count++;
}

static void put_load(struct filter_writer *writer, size_t offset) {
    put(writer, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/// The next `count` instructions are skipped unless the comparison holds.
static void put_unless(struct filter_writer *writer, int comparison, uint32_t value, uint8_t count) {
    put(writer, (struct sock_filter)BPF_JUMP(BPF_JMP | comparison | BPF_K, value, 0, count));
}

static void put_return(struct filter_writer *writer, uint32_t action) {
    put(writer, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/// The low half of an argument; both processors are little-endian.
static size_t argument_offset(int number) {
    return offsetof(struct seccomp_data, args) + (size_t)number * sizeof(uint64_t);
}

static void put_call(struct filter_writer *writer, const struct asked_call *asked) {
    if (asked->mask == 0) {
        put_unless(writer, BPF_JEQ, (uint32_t)asked->number, 1);
        put_return(writer, SECCOMP_RET_USER_NOTIF);
        return;
    }
    put_unless(writer, BPF_JEQ, (uint32_t)asked->number, 4);
    put_load(writer, argument_offset(asked->argument));
    put_unless(writer, BPF_JSET, asked->mask, 1);
    put_return(writer, SECCOMP_RET_USER_NOTIF);
    put_return(writer, SECCOMP_RET_ALLOW);
}

/// `mknod` and `mknodat` of devices: both types of devices have this bit, and no other type that may be asked for.
static int devices_filter(struct filter_writer writer) {
    static const struct asked_call calls[] = {
#ifdef __NR_mknod
        {__NR_mknod, DRYDOCK_CALL_MKNOD, 1, S_IFCHR},
#endif
        {__NR_mknodat, DRYDOCK_CALL_MKNODAT, 2, S_IFCHR},
    };
    put_load(&writer, offsetof(struct seccomp_data, arch));
    put(&writer, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0));
    put_return(&writer, SECCOMP_RET_ALLOW);
    put_load(&writer, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) put_call(&writer, &calls[i]);
    put_return(&writer, SECCOMP_RET_ALLOW);
    return writer.count <= writer.capacity ? (int)writer.count : -E2BIG;
}

int drydock_emulation_filter(enum drydock_emulation kind, void *instructions, size_t capacity) {
    struct filter_writer writer = {instructions, 0, capacity};
    if (kind == DRYDOCK_EMULATION_DEVICES) return devices_filter(writer);
    put_load(&writer, offsetof(struct seccomp_data, arch));
    // 32-bit code has other numbers and structures. Its first call is told, so that whoever listens can say so.
    put(&writer, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0));
    put_return(&writer, SECCOMP_RET_USER_NOTIF);
    put_load(&writer, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    // x32 calls come under the same architecture with a bit set.
    put_unless(&writer, BPF_JSET, 0x40000000, 1);
    put_return(&writer, SECCOMP_RET_ERRNO | ENOSYS);
#endif
    for (size_t i = 0; i < ASKED_CALL_COUNT; i++) put_call(&writer, &asked_calls[i]);
    for (size_t i = 0; i < sizeof unknown_calls / sizeof unknown_calls[0]; i++) {
        put_unless(&writer, BPF_JEQ, (uint32_t)unknown_calls[i], 1);
        put_return(&writer, SECCOMP_RET_ERRNO | ENOSYS);
    }
    // The slack carries the number of a thread's emulated credentials, see CredentialTable.swift: setting it succeeds
    // and does nothing.
    put_unless(&writer, BPF_JEQ, __NR_prctl, 6);
    put_load(&writer, argument_offset(0));
    put_unless(&writer, BPF_JEQ, PR_SET_KEEPCAPS, 1);
    put_return(&writer, SECCOMP_RET_USER_NOTIF);
    put_unless(&writer, BPF_JEQ, PR_SET_TIMERSLACK, 1);
    put_return(&writer, SECCOMP_RET_ERRNO | 0);
    put_return(&writer, SECCOMP_RET_ALLOW);
    put_return(&writer, SECCOMP_RET_ALLOW);
    return writer.count <= capacity ? (int)writer.count : -E2BIG;
}

/// The slack of a thread without a mark, as the kernel gives it to the first process.
enum { PLAIN_TIMER_SLACK = 50000 };

int drydock_emulation_install(enum drydock_emulation kind, int *listener) {
    struct sock_filter instructions[DRYDOCK_EMULATION_FILTER_CAPACITY];
    int count = drydock_emulation_filter(kind, instructions, DRYDOCK_EMULATION_FILTER_CAPACITY);
    if (count < 0) return count;
    if (prctl(PR_SET_TIMERSLACK, PLAIN_TIMER_SLACK, 0, 0, 0) < 0) return -errno;
    struct sock_fprog program = {.len = (unsigned short)count, .filter = instructions};
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    long descriptor = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (descriptor < 0 && errno == EINVAL) {
        // Before 5.19 a signal handler may interrupt a call that is being answered; it is then asked about again.
        flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
        descriptor = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    }
    if (descriptor < 0) return -errno;
    *listener = (int)descriptor;
    return 0;
}

// MARK: Passing the listener on

int drydock_send_descriptor(int socket, int descriptor) {
    char byte = 0;
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr alignment;
    } control = {.bytes = {0}};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    ssize_t sent;
    do sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int drydock_receive_descriptor(int socket) {
    char byte;
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr alignment;
    } control;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    ssize_t count;
    do count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    if (count == 0) return -EPIPE;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int))) return -EBADMSG;
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

// MARK: Notifications

void drydock_notification_prefer_one_processor(int listener) {
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

int drydock_notification_wait(int listener) {
    struct pollfd polled = {listener, POLLIN, 0};
    int count;
    do count = poll(&polled, 1, -1);
    while (count < 0 && errno == EINTR);
    if (count < 0) return -errno;
    // POLLHUP alone: the last process under the filter is gone.
    return (polled.revents & POLLIN) != 0;
}

static int call_of(const struct seccomp_data *data) {
    if (data->arch != NATIVE_ARCHITECTURE) return DRYDOCK_CALL_FOREIGN;
    if (data->nr == __NR_prctl) return DRYDOCK_CALL_KEEP_CAPABILITIES;
    for (size_t i = 0; i < ASKED_CALL_COUNT; i++) {
        if (asked_calls[i].number == data->nr) return asked_calls[i].call;
    }
    return DRYDOCK_CALL_FOREIGN;
}

/// Whether a call does nothing but make a file or directory, which a device is not.
static bool makes_file(int call) {
    switch (call) {
    case DRYDOCK_CALL_OPEN:
    case DRYDOCK_CALL_CREAT:
    case DRYDOCK_CALL_OPENAT:
    case DRYDOCK_CALL_OPENAT2:
    case DRYDOCK_CALL_MKDIR:
    case DRYDOCK_CALL_MKDIRAT:
    case DRYDOCK_CALL_SYMLINK:
    case DRYDOCK_CALL_SYMLINKAT: return true;
    default: return false;
    }
}

int drydock_notification_receive(int listener, int allows_files, struct drydock_notification *notification) {
    // Headers of a newer kernel may describe a larger structure than an older one fills, never the reverse: the ioctl's
    // number contains the size.
    struct seccomp_notif request;
    memset(&request, 0, sizeof request);
    int status;
    do status = ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request);
    while (status < 0 && errno == EINTR);
    if (status < 0) return errno == ENOENT ? 0 : -errno;
    notification->id = request.id;
    notification->thread = (int32_t)request.pid;
    notification->call = call_of(&request.data);
    memcpy(notification->arguments, request.data.args, sizeof notification->arguments);
    if (!allows_files || !makes_file(notification->call)) return 1;
    (void)drydock_notification_continue(listener, request.id);
    return 2;
}

int drydock_notification_is_valid(int listener, uint64_t id) {
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static int answer(int listener, struct seccomp_notif_resp *response) {
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, response) < 0 ? -errno : 0;
}

int drydock_notification_answer(int listener, uint64_t id, int64_t value, int error) {
    struct seccomp_notif_resp response = {.id = id, .val = error != 0 ? 0 : value, .error = -error, .flags = 0};
    return answer(listener, &response);
}

int drydock_notification_continue(int listener, uint64_t id) {
    struct seccomp_notif_resp response = {.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    return answer(listener, &response);
}

int drydock_notification_give(int listener, uint64_t id, int descriptor, int close_on_exec) {
    struct seccomp_notif_addfd given = {
        .id = id,
        .flags = SECCOMP_ADDFD_FLAG_SEND,
        .srcfd = (uint32_t)descriptor,
        .newfd_flags = close_on_exec ? O_CLOEXEC : 0,
    };
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &given) < 0 ? -errno : 0;
}

// MARK: The asking thread

void drydock_kill_process_of(int thread) { (void)kill(thread, SIGKILL); }

enum { PAGE = 4096, MEMORY_PARTS = 32 };

ssize_t drydock_read_memory(int thread, uint64_t address, void *buffer, size_t count) {
    // A part that is not wholly there is not read at all: hence one part for each page.
    struct iovec parts[MEMORY_PARTS];
    size_t covered = 0;
    int number = 0;
    while (covered < count && number < MEMORY_PARTS) {
        size_t room = PAGE - (size_t)((address + covered) % PAGE);
        if (room > count - covered) room = count - covered;
        parts[number++] = (struct iovec){(void *)(uintptr_t)(address + covered), room};
        covered += room;
    }
    struct iovec into = {buffer, covered};
    ssize_t length = process_vm_readv(thread, &into, 1, parts, (unsigned long)number, 0);
    return length < 0 ? -errno : length;
}

ssize_t drydock_read_text(int thread, uint64_t address, void *buffer, size_t count, int *ends) {
    ssize_t length = drydock_read_memory(thread, address, buffer, count);
    const char *end = length > 0 ? memchr(buffer, 0, (size_t)length) : NULL;
    *ends = end != NULL;
    return end == NULL ? length : end - (const char *)buffer;
}

int drydock_open_of_thread(int thread, const char *name, int flags) {
    char path[64];
    int length = snprintf(path, sizeof path, "/proc/%d/%s", thread, name);
    if (length < 0 || (size_t)length >= sizeof path) return -ENAMETOOLONG;
    int descriptor = open(path, flags | O_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int drydock_open_thread(int thread) {
    // PIDFD_THREAD of Linux 6.9.
    long handle = syscall(__NR_pidfd_open, thread, O_EXCL);
    if (handle < 0 && errno == EINVAL) handle = syscall(__NR_pidfd_open, thread, 0);
    return handle < 0 ? -errno : (int)handle;
}

int drydock_copy_descriptor(int handle, int descriptor) {
    long copy = syscall(__NR_pidfd_getfd, handle, descriptor, 0);
    return copy < 0 ? -errno : (int)copy;
}
