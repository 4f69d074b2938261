// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "emulation.h"
#include "sandbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
    /// Deeper trees are refused: every level keeps a descriptor open.
    DEPTH_LIMIT = 400,
    LISTING_CAPACITY = 4096,
    PATH_CAPACITY = 4096,
};

/// A directory entry as the kernel writes it; readdir would allocate.
struct listed_entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[];
};

/// Called for every entry, in the directory `parent`: 0 goes on, a negated errno ends the walk.
struct visitor {
    int (*before)(struct visitor *self, int parent, const char *name, const struct stat *status);
    int (*after)(struct visitor *self, int parent, const char *name, const struct stat *status);
    /// The path of the present entry below the start.
    char path[PATH_CAPACITY];
    size_t path_length;
    const struct drydock_sandbox_plan *plan;
    uint64_t total;
    /// Whether an entry was found that user 0 may not read or remove as it is, were it no more than an owner.
    bool is_closed;
};

static int walk(struct visitor *visitor, int directory, int depth);

static bool is_dot(const char *name) {
    return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

static int visit_below(struct visitor *visitor, int parent, const char *name, int depth) {
    int directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0) return -errno;
    int status = walk(visitor, directory, depth + 1);
    close(directory);
    return status;
}

static int visit(struct visitor *visitor, int parent, const char *name, int depth) {
    size_t length = strlen(name);
    size_t before = visitor->path_length;
    if (before + length + 2 > PATH_CAPACITY) return -ENAMETOOLONG;
    if (before > 0) visitor->path[visitor->path_length++] = '/';
    memcpy(visitor->path + visitor->path_length, name, length + 1);
    visitor->path_length += length;
    struct stat found;
    int status = fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
    if (status == 0) status = visitor->before(visitor, parent, name, &found);
    if (status == 0 && S_ISDIR(found.st_mode)) status = visit_below(visitor, parent, name, depth);
    if (status == 0 && visitor->after != NULL) status = visitor->after(visitor, parent, name, &found);
    visitor->path_length = before;
    visitor->path[before] = 0;
    return status;
}

static int walk(struct visitor *visitor, int directory, int depth) {
    if (depth > DEPTH_LIMIT) return -ELOOP;
    // Removing entries while listing is sound: what is skipped is listed by the next round from the start.
    for (;;) {
        _Alignas(8) char listing[LISTING_CAPACITY];
        long count = syscall(__NR_getdents64, directory, listing, sizeof listing);
        if (count < 0) return -errno;
        if (count == 0) return 0;
        for (long offset = 0; offset < count;) {
            struct listed_entry *entry = (struct listed_entry *)(listing + offset);
            offset += entry->length;
            if (is_dot(entry->name)) continue;
            int status = visit(visitor, directory, entry->name, depth);
            if (status < 0) return status;
        }
    }
}

// MARK: - Telling

/// What is told and not written yet: an entry has several parts, and a write for each would take longer than finding them.
static struct {
    char bytes[65536];
    size_t length;
} told;

static void flush_told(int result) {
    drydock_write_all(result, told.bytes, told.length);
    told.length = 0;
}

static void add_told(int result, const void *bytes, size_t count) {
    if (told.length + count > sizeof told.bytes) flush_told(result);
    if (count > sizeof told.bytes) {
        drydock_write_all(result, bytes, count);
    } else {
        memcpy(told.bytes + told.length, bytes, count);
        told.length += count;
    }
}

static bool is_scaffolding(const struct drydock_sandbox_plan *plan, const char *path) {
    for (size_t index = 0; index < plan->step_count; index += 1) {
        const struct drydock_step *step = &plan->steps[index];
        if (!(step->options & DRYDOCK_STEP_SCAFFOLD) || !step->made || step->text == NULL) continue;
        if (strcmp(step->text, path) == 0) return true;
    }
    return false;
}

/// The largest list of names, and the largest value, of extended attributes: `XATTR_LIST_MAX` and `XATTR_SIZE_MAX`.
enum { ATTRIBUTE_CAPACITY = 65536 };
// One process uses them, and never twice at a time.
static char attribute_names[ATTRIBUTE_CAPACITY];
static char attribute_value[ATTRIBUTE_CAPACITY];
static char attributes[4 * ATTRIBUTE_CAPACITY];

static int append(size_t *length, const void *bytes, size_t count) {
    if (*length + count > sizeof attributes) return -E2BIG;
    memcpy(attributes + *length, bytes, count);
    *length += count;
    return 0;
}

/// Reads the attributes of the entry `name` of the working directory.
static int read_attributes(const char *name, size_t *length) {
    *length = 0;
    ssize_t listed = llistxattr(name, attribute_names, sizeof attribute_names);
    if (listed < 0) return errno == ENOTSUP ? 0 : -errno;
    for (char *next = attribute_names; next < attribute_names + listed; next += strlen(next) + 1) {
        ssize_t count = lgetxattr(name, next, attribute_value, sizeof attribute_value);
        // Listed, but not readable by this user, or gone: nobody could have set it in the sandbox.
        if (count < 0) continue;
        uint32_t lengths[2] = {(uint32_t)strlen(next), (uint32_t)count};
        int status = append(length, lengths, sizeof lengths);
        if (status == 0) status = append(length, next, lengths[0]);
        if (status == 0) status = append(length, attribute_value, lengths[1]);
        if (status < 0) return status;
    }
    return 0;
}

int drydock_identify(const char *path, struct drydock_identity *identity) {
    struct drydock_file_facts facts;
    int status = drydock_file_facts(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, &facts);
    if (status < 0) return status;
    *identity = (struct drydock_identity){.device = facts.device, .inode = facts.inode, .birth = facts.birth};
    return 0;
}

static void find_seen(struct visitor *visitor, struct drydock_entry *entry) {
    char path[2 * PATH_CAPACITY];
    const char *start = visitor->plan->changes_path;
    if (start == NULL) return;
    size_t length = strlen(start);
    if (length + visitor->path_length + 2 > sizeof path) return;
    memcpy(path, start, length);
    path[length] = '/';
    memcpy(path + length + 1, visitor->path, visitor->path_length + 1);
    // What is not to be seen there keeps the numbers of nothing.
    (void)drydock_identify(path, &entry->seen);
}

static bool is_closed(const struct stat *status) {
    mode_t needed = S_ISDIR(status->st_mode) ? 0700 : S_ISREG(status->st_mode) ? 0600 : 0;
    return status->st_uid != 0 || status->st_gid != 0 || (status->st_mode & needed) != needed;
}

static int tell(struct visitor *visitor, int parent, const char *name, const struct stat *status) {
    if (is_closed(status)) visitor->is_closed = true;
    if (is_scaffolding(visitor->plan, visitor->path)) return 0;
    struct drydock_entry entry = {
        .device = (uint64_t)status->st_dev,
        .inode = (uint64_t)status->st_ino,
        .mode = status->st_mode,
        .uid = status->st_uid,
        .gid = status->st_gid,
        .link_count = (uint32_t)status->st_nlink,
        .device_major = major(status->st_rdev),
        .device_minor = minor(status->st_rdev),
        .path_length = (uint32_t)visitor->path_length,
    };
    static char target[PATH_CAPACITY];
    if (fchdir(parent) < 0) return -errno;
    if (S_ISLNK(status->st_mode)) {
        ssize_t length = readlink(name, target, sizeof target);
        if (length < 0) return -errno;
        entry.target_length = (uint32_t)length;
    }
    size_t attributes_length;
    int failure = read_attributes(name, &attributes_length);
    if (failure < 0) return failure;
    entry.attributes_length = (uint32_t)attributes_length;
    if (visitor->plan->emulation != DRYDOCK_EMULATION_NONE) find_seen(visitor, &entry);
    int result = visitor->plan->result;
    struct drydock_message message = {
        .kind = DRYDOCK_MESSAGE_ENTRY,
        .length = (uint32_t)sizeof entry + entry.path_length + entry.target_length + entry.attributes_length,
    };
    add_told(result, &message, sizeof message);
    add_told(result, &entry, sizeof entry);
    add_told(result, visitor->path, entry.path_length);
    add_told(result, target, entry.target_length);
    add_told(result, attributes, attributes_length);
    return 0;
}

int drydock_tell_entries(const struct drydock_sandbox_plan *plan, int directory, bool *is_open) {
    static struct visitor visitor;
    visitor = (struct visitor){.before = tell, .plan = plan};
    struct stat found;
    if (fstat(directory, &found) < 0) return -errno;
    int status = tell(&visitor, directory, ".", &found);
    if (status == 0) status = lseek(directory, 0, SEEK_SET) < 0 ? -errno : walk(&visitor, directory, 0);
    flush_told(plan->result);
    *is_open = !visitor.is_closed;
    return status;
}

// MARK: - Reclaiming, measuring, removing

static int reclaim(struct visitor *visitor, int parent, const char *name, const struct stat *status) {
    (void)visitor;
    if (fchownat(parent, name, 0, 0, AT_SYMLINK_NOFOLLOW) < 0) return -errno;
    if (S_ISDIR(status->st_mode)) return fchmodat(parent, name, 0700, 0) < 0 ? -errno : 0;
    if (S_ISREG(status->st_mode)) return fchmodat(parent, name, 0600, 0) < 0 ? -errno : 0;
    return 0;
}

int drydock_reclaim(int directory) {
    static struct visitor visitor;
    visitor = (struct visitor){.before = reclaim};
    if (fchown(directory, 0, 0) < 0 || fchmod(directory, 0700) < 0) return -errno;
    if (lseek(directory, 0, SEEK_SET) < 0) return -errno;
    return walk(&visitor, directory, 0);
}

static int measure(struct visitor *visitor, int parent, const char *name, const struct stat *status) {
    (void)parent;
    (void)name;
    visitor->total += (uint64_t)status->st_blocks * 512;
    return 0;
}

uint64_t drydock_disk_use(int directory) {
    static struct visitor visitor;
    visitor = (struct visitor){.before = measure};
    // What vanishes during the walk, or is too deep for it, is simply not counted.
    if (lseek(directory, 0, SEEK_SET) == 0) (void)walk(&visitor, directory, 0);
    return visitor.total;
}

static int make_open(struct visitor *visitor, int parent, const char *name, const struct stat *status) {
    (void)visitor;
    if (!S_ISDIR(status->st_mode)) return 0;
    // Only the owner, or user 0 of a namespace that has the owner, can; it may be open enough as it is.
    (void)fchmodat(parent, name, 0700, 0);
    return 0;
}

static int remove_entry(struct visitor *visitor, int parent, const char *name, const struct stat *status) {
    (void)visitor;
    return unlinkat(parent, name, S_ISDIR(status->st_mode) ? AT_REMOVEDIR : 0) < 0 ? -errno : 0;
}

int drydock_remove_entries(int directory) {
    static struct visitor visitor;
    visitor = (struct visitor){.before = make_open, .after = remove_entry};
    (void)fchmod(directory, 0700);
    return walk(&visitor, directory, 0);
}
