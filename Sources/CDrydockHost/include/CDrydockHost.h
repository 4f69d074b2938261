// SPDX-License-Identifier: Apache-2.0
//
// Linux calls that Swift cannot import: variadic ones, macros, and those that glibc has no wrapper for.
// Every function returns 0 (or a descriptor, or a length) on success and a negated errno on failure, so that no
// caller reads `errno` after another call has changed it.

#ifndef CDRYDOCKHOST_H
#define CDRYDOCKHOST_H

#include "sandbox.h"
#include "emulation.h"

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/// What a walk wants to know of one directory entry.
struct drydock_stat {
    uint64_t device;
    uint64_t inode;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint32_t link_count;
    int64_t size;
    int64_t mtime_seconds;
    int64_t mtime_nanoseconds;
    uint32_t device_major;
    uint32_t device_minor;
};

/// `open(2)` relative to `directory` (`AT_FDCWD` for the working directory); always close-on-exec.
/// Retried on EINTR.
int drydock_openat(int directory, const char *_Nonnull path, int flags, uint32_t mode);

/// `openat2(2)` with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS: nothing that is met on the way leads out of `directory`.
int drydock_open_beneath(int directory, const char *_Nonnull path, int flags);

/// `fstatat(2)`; the last component is never followed when `follow` is 0.
int drydock_statat(int directory, const char *_Nonnull path, int follow, struct drydock_stat *_Nonnull result);

/// `fstat(2)`.
int drydock_fstat(int descriptor, struct drydock_stat *_Nonnull result);

/// The target of a symbolic link; the length, at most `capacity`.
ssize_t drydock_readlinkat(int directory, const char *_Nonnull path, char *_Nonnull buffer, size_t capacity);

/// Names of extended attributes of `directory/name` itself (never of what a link points to), NUL-separated.
/// Goes through `/proc/self/fd`, because no kernel before 6.13 has `listxattrat`.
/// Returns the length, or with `capacity` 0 the length needed. A file system without attributes has none: 0.
ssize_t drydock_listxattrat(int directory, const char *_Nonnull name, char *_Nullable buffer, size_t capacity);

/// The value of one extended attribute, see `drydock_listxattrat`.
ssize_t drydock_getxattrat(
    int directory, const char *_Nonnull name, const char *_Nonnull attribute, void *_Nullable buffer, size_t capacity);

/// `fsetxattr(2)`.
int drydock_fsetxattr(
    int descriptor, const char *_Nonnull attribute, const void *_Nullable value, size_t size);

/// `mknodat(2)`; `mode` has the type, as in inode(7).
int drydock_mknodat(int directory, const char *_Nonnull name, uint32_t mode, uint32_t major, uint32_t minor);

/// `utimensat(2)` with one time for access and modification, of the entry itself and never of what a link leads to.
int drydock_set_time_at(int directory, const char *_Nonnull name, int64_t seconds);

/// `futimens(2)` with one time for access and modification.
int drydock_set_time(int descriptor, int64_t seconds);

/// Sets one extended attribute, see `drydock_listxattrat`.
int drydock_setxattrat(
    int directory, const char *_Nonnull name, const char *_Nonnull attribute, const void *_Nullable value,
    size_t length);

/// Copies `size` bytes from one file to the start of another, within the kernel where the file systems can do that.
int drydock_copy_file(int from, int to, int64_t size);

/// `pread(2)` and `pwrite(2)`, repeated on EINTR. A short count is returned as it is.
ssize_t drydock_pread(int descriptor, void *_Nonnull buffer, size_t count, int64_t offset);
ssize_t drydock_pwrite(int descriptor, const void *_Nonnull buffer, size_t count, int64_t offset);
ssize_t drydock_read(int descriptor, void *_Nonnull buffer, size_t count);
ssize_t drydock_write(int descriptor, const void *_Nonnull buffer, size_t count);

/// `fallocate(2)` of the first `size` bytes: room is reserved, so that a full disk is noticed before the work is done.
/// EOPNOTSUPP counts as success (the file system cannot reserve).
int drydock_reserve(int descriptor, int64_t size);

/// `sync_file_range(2)`: begins to write a part of the file to the disk and does not wait. A hint; never an error.
void drydock_start_writeback(int descriptor, int64_t offset, int64_t count);

/// `mallopt(3)` with M_MMAP_THRESHOLD: blocks of at least `size` bytes are given back to the system as soon as they are freed.
/// Otherwise glibc raises the threshold with the first large block that is freed, and later ones leave holes in its heaps.
void drydock_return_blocks(int size);

/// `syncfs(2)`: waits until all that was written to the file system of the open file is on the disk.
int drydock_syncfs(int descriptor);

/// `renameat2(2)` with RENAME_NOREPLACE when `replace` is 0.
int drydock_renameat(int from, const char *_Nonnull old_path, int to, const char *_Nonnull new_path, int replace);

/// The number of processors that this process may run on, as `sched_getaffinity(2)` says; at least 1.
int drydock_processor_count(void);

/// Whether this thread has a capability in effect, by its number in `linux/capability.h`; `capget(2)`.
int drydock_has_capability(int number);

/// A new file in memory that has no name, for reading and writing; `memfd_create(2)`, close-on-exec.
int drydock_memory_file(void);

/// True if standard error, or any descriptor, is a terminal; `columns` receives its width.
int drydock_terminal(int descriptor, int *_Nonnull columns);

/// What `drydock_spawn` starts.
struct drydock_launch {
    /// A path, or a name that is looked up in `PATH`.
    const char *_Nonnull program;
    char *_Nullable const *_Nonnull arguments;
    /// `NAME=VALUE`; NULL for the variables of this process.
    char *_Nullable const *_Nullable environment;
    /// The working directory; NULL for that of this process.
    const char *_Nullable directory;
    /// The descriptor that becomes standard input; below 0 for an empty one.
    int input;
    /// The descriptor that becomes standard output.
    int output;
    /// Whether the program gets a process group of its own; its number is that of the process.
    int own_group;
};

/// `posix_spawnp(3)` with the standard treatment of signals; a program that is busy (ETXTBSY), because another thread's
/// child still has it open for writing, is tried again for two seconds.
int drydock_spawn(const struct drydock_launch *_Nonnull launch, int *_Nonnull process);

/// The name of an error number as in `<errno.h>`, for example "ENOSPC"; NULL when it has none.
const char *_Nullable drydock_errno_name(int number);

#endif
