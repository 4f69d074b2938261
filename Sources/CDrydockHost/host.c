// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "CDrydockHost.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define RETRYING(result, call)                                                                                         \
    do {                                                                                                               \
        (result) = (call);                                                                                             \
    } while ((result) < 0 && errno == EINTR)

int drydock_openat(int directory, const char *path, int flags, uint32_t mode) {
    int descriptor;
    RETRYING(descriptor, openat(directory, path, flags | O_CLOEXEC, (mode_t)mode));
    return descriptor < 0 ? -errno : descriptor;
}

int drydock_open_beneath(int directory, const char *path, int flags) {
    struct open_how how = {
        .flags = (uint64_t)(flags | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long descriptor;
    RETRYING(descriptor, syscall(SYS_openat2, directory, path, &how, sizeof how));
    return descriptor < 0 ? -errno : (int)descriptor;
}

static void copy_stat(const struct stat *from, struct drydock_stat *to) {
    to->device = (uint64_t)from->st_dev;
    to->inode = (uint64_t)from->st_ino;
    to->mode = from->st_mode;
    to->uid = from->st_uid;
    to->gid = from->st_gid;
    to->link_count = (uint32_t)from->st_nlink;
    to->size = from->st_size;
    to->mtime_seconds = from->st_mtim.tv_sec;
    to->mtime_nanoseconds = from->st_mtim.tv_nsec;
    to->device_major = major(from->st_rdev);
    to->device_minor = minor(from->st_rdev);
}

int drydock_statat(int directory, const char *path, int follow, struct drydock_stat *result) {
    struct stat status;
    if (fstatat(directory, path, &status, follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    copy_stat(&status, result);
    return 0;
}

int drydock_fstat(int descriptor, struct drydock_stat *result) {
    struct stat status;
    if (fstat(descriptor, &status) < 0) return -errno;
    copy_stat(&status, result);
    return 0;
}

ssize_t drydock_readlinkat(int directory, const char *path, char *buffer, size_t capacity) {
    ssize_t length = readlinkat(directory, path, buffer, capacity);
    return length < 0 ? -errno : length;
}

/// Room for "/proc/self/fd/", a descriptor, a slash, a name of NAME_MAX bytes and the NUL.
enum { ENTRY_PATH_CAPACITY = 14 + 11 + 1 + 255 + 1 };

static int entry_path(int directory, const char *name, char path[ENTRY_PATH_CAPACITY]) {
    int length = snprintf(path, ENTRY_PATH_CAPACITY, "/proc/self/fd/%d/%s", directory, name);
    return length < 0 || length >= ENTRY_PATH_CAPACITY ? -ENAMETOOLONG : 0;
}

ssize_t drydock_listxattrat(int directory, const char *name, char *buffer, size_t capacity) {
    char path[ENTRY_PATH_CAPACITY];
    int status = entry_path(directory, name, path);
    if (status < 0) return status;
    ssize_t length = llistxattr(path, buffer, capacity);
    if (length >= 0) return length;
    return errno == ENOTSUP ? 0 : -errno;
}

ssize_t drydock_getxattrat(int directory, const char *name, const char *attribute, void *buffer, size_t capacity) {
    char path[ENTRY_PATH_CAPACITY];
    int status = entry_path(directory, name, path);
    if (status < 0) return status;
    ssize_t length = lgetxattr(path, attribute, buffer, capacity);
    return length < 0 ? -errno : length;
}

int drydock_fsetxattr(int descriptor, const char *attribute, const void *value, size_t size) {
    return fsetxattr(descriptor, attribute, value, size, 0) < 0 ? -errno : 0;
}

int drydock_mknodat(int directory, const char *name, uint32_t mode, uint32_t major, uint32_t minor) {
    return mknodat(directory, name, (mode_t)mode, makedev(major, minor)) < 0 ? -errno : 0;
}

int drydock_set_time_at(int directory, const char *name, int64_t seconds) {
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    return utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int drydock_set_time(int descriptor, int64_t seconds) {
    struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};
    return futimens(descriptor, times) < 0 ? -errno : 0;
}

int drydock_setxattrat(int directory, const char *name, const char *attribute, const void *value, size_t length) {
    char path[ENTRY_PATH_CAPACITY];
    int status = entry_path(directory, name, path);
    if (status < 0) return status;
    return lsetxattr(path, attribute, value, length, 0) < 0 ? -errno : 0;
}

/// `copy_file_range` does not know every pair of file systems; then the bytes pass through here.
static int copy_by_hand(int from, int to) {
    char buffer[65536];
    for (;;) {
        ssize_t count = drydock_read(from, buffer, sizeof buffer);
        if (count <= 0) return (int)count;
        for (ssize_t written = 0; written < count;) {
            ssize_t step = drydock_write(to, buffer + written, (size_t)(count - written));
            if (step < 0) return (int)step;
            written += step;
        }
    }
}

int drydock_copy_file(int from, int to, int64_t size) {
    while (size > 0) {
        ssize_t count = copy_file_range(from, NULL, to, NULL, (size_t)size, 0);
        if (count < 0 && errno == EINTR) continue;
        // Both files stand where the kernel has left off, so this goes on from there.
        if (count <= 0) return copy_by_hand(from, to);
        size -= count;
    }
    return 0;
}

ssize_t drydock_pread(int descriptor, void *buffer, size_t count, int64_t offset) {
    ssize_t length;
    RETRYING(length, pread(descriptor, buffer, count, offset));
    return length < 0 ? -errno : length;
}

ssize_t drydock_pwrite(int descriptor, const void *buffer, size_t count, int64_t offset) {
    ssize_t length;
    RETRYING(length, pwrite(descriptor, buffer, count, offset));
    return length < 0 ? -errno : length;
}

ssize_t drydock_read(int descriptor, void *buffer, size_t count) {
    ssize_t length;
    RETRYING(length, read(descriptor, buffer, count));
    return length < 0 ? -errno : length;
}

ssize_t drydock_write(int descriptor, const void *buffer, size_t count) {
    ssize_t length;
    RETRYING(length, write(descriptor, buffer, count));
    return length < 0 ? -errno : length;
}

int drydock_reserve(int descriptor, int64_t size) {
    if (size <= 0) return 0;
    int status;
    RETRYING(status, fallocate(descriptor, 0, 0, size));
    if (status == 0 || errno == EOPNOTSUPP || errno == ENOSYS) return 0;
    return -errno;
}

void drydock_start_writeback(int descriptor, int64_t offset, int64_t count) {
    (void)!sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE);
}

void drydock_return_blocks(int size) {
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, size);
#else
    (void)size;
#endif
}

int drydock_syncfs(int descriptor) { return syncfs(descriptor) < 0 ? -errno : 0; }

int drydock_renameat(int from, const char *old_path, int to, const char *new_path, int replace) {
    if (renameat2(from, old_path, to, new_path, replace ? 0 : RENAME_NOREPLACE) < 0) return -errno;
    return 0;
}

int drydock_processor_count(void) {
    cpu_set_t processors;
    // EINVAL: the machine has more processors than the set can name, and this process surely may use many.
    if (sched_getaffinity(0, sizeof processors, &processors) < 0) return (int)sysconf(_SC_NPROCESSORS_ONLN);
    return CPU_COUNT(&processors);
}

int drydock_has_capability(int number) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, sets) < 0) return 0;
    return sets[number / 32].effective >> (number % 32) & 1;
}

int drydock_memory_file(void) {
    int descriptor = memfd_create("drydock", MFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int drydock_terminal(int descriptor, int *columns) {
    struct winsize size;
    if (!isatty(descriptor)) return 0;
    *columns = ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    return 1;
}

const char *drydock_errno_name(int number) { return strerrorname_np(number); }
