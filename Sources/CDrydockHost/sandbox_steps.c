// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "sandbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

// <sys/mount.h> and <linux/mount.h> cannot be used together in every C library.
enum { MOUNT_READ_ONLY = 1, MOUNT_BIND = 4096, DETACH = 2 };

static int outcome(long result) { return result < 0 ? -errno : 0; }

static int mount_on(const char *source, const char *path, const char *type, uint64_t flags, const char *text) {
    return outcome(syscall(__NR_mount, source, path, type, flags, text));
}

static int take_tree(const char *source, bool recursive) {
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
    long tree = syscall(__NR_open_tree, AT_FDCWD, source, flags);
    return tree < 0 ? -errno : (int)tree;
}

static int seal_tree(int tree, bool recursive, bool refuses_devices) {
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | (refuses_devices ? MOUNT_ATTR_NODEV : 0)};
    unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
    return outcome(syscall(__NR_mount_setattr, tree, "", flags, &attributes, sizeof attributes));
}

static int place_tree(int tree, const char *path) {
    return outcome(syscall(__NR_move_mount, tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH));
}

static int make_directory(struct drydock_step *step) {
    if (mkdir(step->path, step->mode) == 0) {
        step->made = 1;
        return outcome(chmod(step->path, step->mode));
    }
    return errno == EEXIST ? 0 : -errno;
}

static int make_file(struct drydock_step *step, int flags) {
    int file = open(step->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, step->mode);
    if (file < 0) return -errno;
    step->made = 1;
    int status = outcome(fchmod(file, step->mode));
    const char *bytes = step->bytes;
    size_t written = 0;
    while (status == 0 && written < step->count) {
        ssize_t count = write(file, bytes + written, step->count - written);
        if (count < 0 && errno != EINTR) status = -errno;
        if (count > 0) written += (size_t)count;
    }
    close(file);
    return status;
}

static int make_empty_file(struct drydock_step *step) {
    int status = make_file(step, O_EXCL);
    return status == -EEXIST ? 0 : status;
}

static int write_file(const struct drydock_step *step) {
    int file = open(step->path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    ssize_t count = write(file, step->bytes, step->count);
    int status = count < 0 ? -errno : 0;
    close(file);
    return status;
}

static int seal_path(const char *path, bool recursive) {
    int tree = take_tree(path, recursive);
    if (tree < 0) return tree;
    int status = seal_tree(tree, recursive, false);
    if (status == 0) status = place_tree(tree, path);
    close(tree);
    return status;
}

static int hide(const char *path) {
    struct stat found;
    if (stat(path, &found) < 0) return -errno;
    if (S_ISDIR(found.st_mode)) return mount_on("tmpfs", path, "tmpfs", MOUNT_READ_ONLY, "size=4k,mode=0555");
    return mount_on("/dev/null", path, NULL, MOUNT_BIND, NULL);
}

static int set_owner(struct drydock_step *step) {
    if (fchownat(AT_FDCWD, step->path, step->uid, step->gid, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    step->made = 1;
    // A change of owner takes setuid and setgid away; a link has no mode.
    struct stat found;
    if (lstat(step->path, &found) < 0) return -errno;
    return S_ISLNK(found.st_mode) ? 0 : outcome(chmod(step->path, step->mode));
}

static int pivot(const char *path) {
    if (chdir(path) < 0) return -errno;
    // The old root is mounted over the new one for a moment, so that no directory is needed for it.
    if (syscall(__NR_pivot_root, ".", ".") < 0) return -errno;
    if (syscall(__NR_umount2, ".", DETACH) < 0) return -errno;
    return outcome(chdir("/"));
}

static int switch_loopback_on(void) {
    int socket_descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_descriptor < 0) return -errno;
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int status = outcome(ioctl(socket_descriptor, SIOCSIFFLAGS, &request));
    close(socket_descriptor);
    return status;
}

static int set_host_name(const char *name) {
    size_t length = 0;
    while (name[length] != 0) length += 1;
    return outcome(sethostname(name, length));
}

static int keep(int descriptor, struct drydock_slots *slots, int slot) {
    if (descriptor < 0) return descriptor;
    slots->descriptors[slot] = descriptor;
    return 0;
}

static int open_directory(const char *path) {
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

static int remove_tree(const char *path) {
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) return -errno;
    int status = drydock_remove_entries(directory);
    close(directory);
    return status < 0 ? status : outcome(rmdir(path));
}

int drydock_perform_step(struct drydock_step *step, struct drydock_slots *slots) {
    bool whole = step->flags != 0;
    switch (step->kind) {
    case DRYDOCK_STEP_MOUNT: return mount_on(step->source, step->path, step->type, step->flags, step->text);
    case DRYDOCK_STEP_DIRECTORY: return make_directory(step);
    case DRYDOCK_STEP_EMPTY_FILE: return make_empty_file(step);
    case DRYDOCK_STEP_FILE: return make_file(step, O_EXCL);
    case DRYDOCK_STEP_SYMLINK: return outcome(symlink(step->source, step->path));
    case DRYDOCK_STEP_TAKE_TREE: return keep(take_tree(step->source, whole), slots, step->slot);
    case DRYDOCK_STEP_SEAL_TREE: return seal_tree(slots->descriptors[step->slot], whole, true);
    case DRYDOCK_STEP_PLACE_TREE: return place_tree(slots->descriptors[step->slot], step->path);
    case DRYDOCK_STEP_SEAL_PATH: return seal_path(step->path, whole);
    case DRYDOCK_STEP_HIDE: return hide(step->path);
    case DRYDOCK_STEP_OPEN: return keep(open_directory(step->source), slots, step->slot);
    case DRYDOCK_STEP_OWNER: return set_owner(step);
    case DRYDOCK_STEP_ATTRIBUTE: return outcome(lsetxattr(step->path, step->source, step->bytes, step->count, 0));
    case DRYDOCK_STEP_ENTER: return outcome(chdir(step->path));
    case DRYDOCK_STEP_PIVOT: return pivot(step->path);
    case DRYDOCK_STEP_LOOPBACK: return switch_loopback_on();
    case DRYDOCK_STEP_HOST_NAME: return set_host_name(step->source);
    case DRYDOCK_STEP_UNSHARE: return outcome(unshare((int)step->flags));
    case DRYDOCK_STEP_WRITE: return write_file(step);
    case DRYDOCK_STEP_REMOVE: return remove_tree(step->path);
    default: return -EINVAL;
    }
}
