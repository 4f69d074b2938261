// SPDX-License-Identifier: Apache-2.0
//
// What emulated ownership asks of files, and does to them.

#define _GNU_SOURCE
#include "emulation.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

int drydock_duplicate(int descriptor) {
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? -errno : copy;
}

int drydock_openat2(int directory, const char *path, uint64_t flags, uint64_t resolve) {
    struct open_how how = {.flags = flags | O_CLOEXEC, .mode = 0, .resolve = resolve};
    long descriptor = syscall(__NR_openat2, directory, path, &how, sizeof how);
    return descriptor < 0 ? -errno : (int)descriptor;
}

int drydock_file_facts(int directory, const char *path, int flags, struct drydock_file_facts *facts) {
    struct statx status;
    unsigned mask = STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID | STATX_INO | STATX_BTIME | STATX_MNT_ID;
    if (statx(directory, path, flags | AT_NO_AUTOMOUNT, mask, &status) < 0) return -errno;
    facts->device = makedev(status.stx_dev_major, status.stx_dev_minor);
    facts->inode = status.stx_ino;
    facts->birth = 0;
    if ((status.stx_mask & STATX_BTIME) != 0) {
        // Wraps for times after 2262: the value serves only to tell files apart.
        uint64_t seconds = (uint64_t)status.stx_btime.tv_sec;
        facts->birth = (int64_t)(seconds * 1000000000u + status.stx_btime.tv_nsec);
    }
    facts->mount = (status.stx_mask & STATX_MNT_ID) != 0 ? status.stx_mnt_id : 0;
    facts->mode = status.stx_mode;
    facts->uid = status.stx_uid;
    facts->gid = status.stx_gid;
    return 0;
}

ssize_t drydock_status(
    int directory, const char *path, int flags, const struct drydock_appearance *appearance, void *buffer) {
    struct stat status;
    _Static_assert(sizeof status <= DRYDOCK_STATUS_CAPACITY, "struct stat has grown");
    if (fstatat(directory, path, &status, flags) < 0) return -errno;
    status.st_uid = appearance->uid;
    status.st_gid = appearance->gid;
    if (appearance->type != 0) {
        status.st_mode = (status.st_mode & 07777) | appearance->type;
        status.st_rdev = makedev(appearance->device_major, appearance->device_minor);
    }
    memcpy(buffer, &status, sizeof status);
    return sizeof status;
}

ssize_t drydock_extended_status(
    int directory, const char *path, int flags, uint32_t mask, const struct drydock_appearance *appearance,
    void *buffer) {
    struct statx status;
    _Static_assert(sizeof status <= DRYDOCK_STATUS_CAPACITY, "struct statx has grown");
    if (statx(directory, path, flags, mask, &status) < 0) return -errno;
    status.stx_uid = appearance->uid;
    status.stx_gid = appearance->gid;
    if (appearance->type != 0) {
        status.stx_mode = (uint16_t)((status.stx_mode & 07777) | appearance->type);
        status.stx_rdev_major = appearance->device_major;
        status.stx_rdev_minor = appearance->device_minor;
    }
    memcpy(buffer, &status, sizeof status);
    return sizeof status;
}

int drydock_touch_owner(int directory, const char *path, int flags) {
    return fchownat(directory, path, (uid_t)-1, (gid_t)-1, flags) < 0 ? -errno : 0;
}

/// Room for "/proc/self/fd/" and a number.
enum { OWN_PATH_CAPACITY = 32 };

static void own_path(int descriptor, char path[OWN_PATH_CAPACITY]) {
    snprintf(path, OWN_PATH_CAPACITY, "/proc/self/fd/%d", descriptor);
}

int drydock_touch_mode(int descriptor, uint32_t mode) {
    char path[OWN_PATH_CAPACITY];
    own_path(descriptor, path);
    return chmod(path, (mode_t)mode) < 0 ? -errno : 0;
}

int drydock_mkdirat(int directory, const char *name, uint32_t mode) {
    return mkdirat(directory, name, (mode_t)mode) < 0 ? -errno : 0;
}

int drydock_symlinkat(const char *target, int directory, const char *name) {
    return symlinkat(target, directory, name) < 0 ? -errno : 0;
}

ssize_t drydock_listxattr(int descriptor, char *buffer, size_t capacity) {
    char path[OWN_PATH_CAPACITY];
    own_path(descriptor, path);
    ssize_t length = listxattr(path, buffer, capacity);
    return length < 0 ? -errno : length;
}

int drydock_detach_umask(void) {
    if (unshare(CLONE_FS) < 0) return -errno;
    (void)umask(0);
    return 0;
}

int64_t drydock_file_system_type(int descriptor) {
    struct statfs status;
    return fstatfs(descriptor, &status) < 0 ? -(int64_t)errno : (int64_t)status.f_type;
}
