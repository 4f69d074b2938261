// SPDX-License-Identifier: Apache-2.0
//
// Starts a program in namespaces of its own. Everything between the fork and the program's start runs in C, without
// memory allocation and without the C library's locks: other threads of the parent may hold those at that moment.
//
// The child of `drydock_sandbox_start` is the first process of its process namespace. It carries out a list of steps,
// starts the program as its own child, waits for it, ends every other process, and tells what was changed.

#ifndef CDRYDOCKHOST_SANDBOX_H
#define CDRYDOCKHOST_SANDBOX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// What one step does; the fields that it reads are named beside it.
enum drydock_step_kind {
    /// `mount(2)`: source, path, type, flags, data in `text`.
    DRYDOCK_STEP_MOUNT = 0,
    /// Makes a directory: path, mode. One that exists is left as it is.
    DRYDOCK_STEP_DIRECTORY = 1,
    /// Makes an empty file to mount over: path. One that exists is left as it is.
    DRYDOCK_STEP_EMPTY_FILE = 2,
    /// Makes a file: path, mode, bytes and count.
    DRYDOCK_STEP_FILE = 3,
    /// Makes a symbolic link: source is its target, path.
    DRYDOCK_STEP_SYMLINK = 4,
    /// Takes a detached copy of a mounted tree: source, slot; recursive when flags is not 0.
    DRYDOCK_STEP_TAKE_TREE = 5,
    /// Makes a taken tree read-only and without devices: slot; recursive when flags is not 0.
    DRYDOCK_STEP_SEAL_TREE = 6,
    /// Mounts a taken tree: slot, path.
    DRYDOCK_STEP_PLACE_TREE = 7,
    /// Makes what is mounted at a path read-only there: path; recursive when flags is not 0.
    DRYDOCK_STEP_SEAL_PATH = 8,
    /// Hides a path behind an empty file or directory that cannot be written: path.
    DRYDOCK_STEP_HIDE = 9,
    /// Opens a directory for later: source, slot.
    DRYDOCK_STEP_OPEN = 10,
    /// Sets owner and mode: path, uid, gid, mode. The owner is that of the namespace again when all is over.
    DRYDOCK_STEP_OWNER = 11,
    /// Sets an extended attribute: path, source is its name, bytes and count.
    DRYDOCK_STEP_ATTRIBUTE = 12,
    /// Changes the working directory: path.
    DRYDOCK_STEP_ENTER = 13,
    /// Makes the directory the root and forgets the old one: path.
    DRYDOCK_STEP_PIVOT = 14,
    /// Switches the loopback interface on.
    DRYDOCK_STEP_LOOPBACK = 15,
    /// Sets the host name: source.
    DRYDOCK_STEP_HOST_NAME = 16,
    /// `unshare(2)`: flags.
    DRYDOCK_STEP_UNSHARE = 17,
    /// Writes to a file that exists: path, bytes and count.
    DRYDOCK_STEP_WRITE = 18,
    /// Removes a tree: path.
    DRYDOCK_STEP_REMOVE = 19,
    /// Tells what identifies a file, as programs in the sandbox will see it: path.
    DRYDOCK_STEP_IDENTIFY = 20,
};

enum {
    /// A failure is told, and the next step follows.
    DRYDOCK_STEP_OPTIONAL = 1,
    /// Done only if the last optional step succeeded.
    DRYDOCK_STEP_THEREFORE = 2,
    /// What the step makes is scaffolding: it is no change of the run.
    DRYDOCK_STEP_SCAFFOLD = 4,
};

/// As many as a process may usually have open, less those that it needs besides.
enum { DRYDOCK_SLOT_COUNT = 960 };

struct drydock_step {
    int32_t kind;
    uint32_t options;
    int32_t slot;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint64_t flags;
    const char *_Nullable source;
    const char *_Nullable path;
    const char *_Nullable type;
    const char *_Nullable text;
    const void *_Nullable bytes;
    size_t count;
    /// Set by the child when the step made something that was not there.
    int32_t made;
};

/// What the child writes into its result pipe: this, and `length` bytes behind it.
struct drydock_message {
    uint32_t kind;
    int32_t first;
    int32_t second;
    uint32_t length;
};

enum drydock_message_kind {
    /// A step or stage failed for good: its number, errno.
    DRYDOCK_MESSAGE_FAILED = 1,
    /// An optional step failed: its number, errno.
    DRYDOCK_MESSAGE_MISSING = 2,
    /// The steps are done and the program is about to start.
    DRYDOCK_MESSAGE_READY = 3,
    /// The program ended: what `waitpid` says, why it was ended (`drydock_end_reason`).
    DRYDOCK_MESSAGE_ENDED = 4,
    /// One entry below the directory that is watched for changes: `drydock_entry` and what follows it.
    DRYDOCK_MESSAGE_ENTRY = 5,
    /// Everything was told.
    DRYDOCK_MESSAGE_DONE = 6,
    /// What DRYDOCK_STEP_IDENTIFY has found: the step's number; `drydock_identity`.
    DRYDOCK_MESSAGE_IDENTITY = 7,
};

/// What tells a file apart from all others: numbers, and when it was made, see `drydock_file_facts`.
struct drydock_identity {
    uint64_t device;
    uint64_t inode;
    int64_t birth;
};

/// Stages behind the steps, as numbers of failures.
enum drydock_stage {
    DRYDOCK_STAGE_IDENTITY = 100000,
    DRYDOCK_STAGE_FORK,
    DRYDOCK_STAGE_STREAMS,
    DRYDOCK_STAGE_LIMITS,
    DRYDOCK_STAGE_DIRECTORY,
    DRYDOCK_STAGE_CAPABILITIES,
    DRYDOCK_STAGE_USER,
    DRYDOCK_STAGE_FILTER,
    DRYDOCK_STAGE_LISTENER,
    DRYDOCK_STAGE_EXECUTE,
    DRYDOCK_STAGE_COLLECT,
};

enum drydock_end_reason {
    DRYDOCK_END_BY_ITSELF = 0,
    DRYDOCK_END_TIME = 1,
    DRYDOCK_END_DISK = 2,
    DRYDOCK_END_PROCESSES = 3,
};

/// One entry of the changed tree. Behind it: the path, the link's target, and for every extended attribute the lengths
/// of its name and value (32 bits each), the name and the value.
struct drydock_entry {
    uint64_t device;
    uint64_t inode;
    /// The same file as programs in the sandbox see it.
    struct drydock_identity seen;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint32_t link_count;
    uint32_t device_major;
    uint32_t device_minor;
    uint32_t path_length;
    uint32_t target_length;
    uint32_t attributes_length;
    uint32_t padding;
};

struct drydock_sandbox_plan {
    /// `CLONE_NEW…` flags.
    uint64_t namespaces;
    /// Whether the child becomes user 0 and group 0 of its new user namespace, and may set further groups.
    int32_t becomes_root;
    int32_t sets_groups;
    /// Written by the child.
    struct drydock_step *_Nullable steps;
    size_t step_count;
    /// Paths that are tried in order; none makes the child end after its steps.
    const char *_Nonnull const *_Nullable programs;
    size_t program_count;
    char *_Nullable const *_Nullable arguments;
    char *_Nullable const *_Nullable environment;
    const char *_Nullable directory;
    uint32_t uid;
    uint32_t gid;
    const uint32_t *_Nullable groups;
    size_t group_count;
    /// The program's standard streams.
    int32_t streams[3];
    /// Whether the program gets a session of its own, without a terminal.
    int32_t new_session;
    /// Whether its standard input is a terminal that becomes the one of its session.
    int32_t controls_terminal;
    /// The capabilities that it keeps, one bit each.
    uint64_t capabilities;
    /// Limits; 0 is none.
    uint64_t time_limit_milliseconds;
    uint64_t disk_limit;
    uint64_t process_limit;
    /// What is emulated, `enum drydock_emulation`, and where the listener's descriptor is sent then.
    int32_t emulation;
    int32_t listener_socket;
    /// Read by the child: the first byte lets it begin, each further one is the number of a signal for the program.
    /// When it ends, everything is over at once.
    int32_t control;
    /// Written by the child: messages.
    int32_t result;
    /// The slot of the directory that is told when all is over, or -1.
    int32_t changes_slot;
    /// Where that directory appears in the sandbox, as a path there.
    const char *_Nullable changes_path;
    /// Whether changed files are handed to user 0 of the namespace afterwards, so that whoever started it can read them.
    int32_t reclaims;
    /// The control group for the child, or -1.
    int32_t control_group;
};

/// Starts the child; its number, or a negated errno.
int drydock_sandbox_start(struct drydock_sandbox_plan *_Nonnull plan);

/// `waitpid(2)`, repeated on EINTR: what it says of the end of the process.
int drydock_wait(int process);

/// `pipe2(2)` with close-on-exec.
int drydock_pipe(int *_Nonnull reader, int *_Nonnull writer);

/// A pair of connected sockets with close-on-exec.
int drydock_socket_pair(int *_Nonnull first, int *_Nonnull second);

/// Opens a pseudo terminal, see pty(7), with close-on-exec: the controlling end does not wait, the other one is a program's.
int drydock_open_terminal(int *_Nonnull controller, int *_Nonnull terminal);

/// Gives a terminal the size of another one, which tells its programs if that is news.
int drydock_copy_window_size(int from, int to);

/// Starts a program with standard input empty and without any output, and waits for it: its exit status, or -errno.
int drydock_run_quietly(const char *_Nonnull path, char *_Nullable const *_Nonnull arguments);

/// Tries to take an advisory lock without waiting: 0, or a negated errno.
int drydock_try_lock(int descriptor);

#endif
