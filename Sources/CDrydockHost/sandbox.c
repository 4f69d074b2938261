// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "emulation.h"
#include "sandbox_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// How often, and after which pause, a program that is busy is tried again.
#define BUSY_ATTEMPTS 500
#define BUSY_MICROSECONDS 10000

enum {
    /// How often limits are looked at, in milliseconds.
    WATCH_INTERVAL = 100,
    /// The share of the time that measuring the disk may take: one part in so many.
    MEASURING_SHARE = 10,
    /// How long a measurement counts at most, in milliseconds.
    MEASURING_INTERVAL = 2000,
    FIRST_FREE_DESCRIPTOR = 3,
    SIGNAL_COUNT = 65,
};

void drydock_write_all(int descriptor, const void *bytes, size_t count) {
    const char *next = bytes;
    while (count > 0) {
        ssize_t written = write(descriptor, next, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) _exit(EXIT_FAILURE);
        next += written;
        count -= (size_t)written;
    }
}

void drydock_tell(int result, enum drydock_message_kind kind, int first, int second) {
    struct drydock_message message = {.kind = kind, .first = first, .second = second};
    drydock_write_all(result, &message, sizeof message);
}

static _Noreturn void fail(const struct drydock_sandbox_plan *plan, int stage, int status) {
    drydock_tell(plan->result, DRYDOCK_MESSAGE_FAILED, stage, -status);
    _exit(EXIT_FAILURE);
}

/// Closes every descriptor but these, which are sorted here.
static void close_others(int *kept, size_t count) {
    for (size_t index = 1; index < count; index += 1) {
        for (size_t place = index; place > 0 && kept[place] < kept[place - 1]; place -= 1) {
            int other = kept[place];
            kept[place] = kept[place - 1];
            kept[place - 1] = other;
        }
    }
    unsigned next = 0;
    for (size_t index = 0; index < count; index += 1) {
        if (kept[index] < 0) continue;
        unsigned descriptor = (unsigned)kept[index];
        if (descriptor > next) syscall(__NR_close_range, next, descriptor - 1, 0);
        if (descriptor >= next) next = descriptor + 1;
    }
    syscall(__NR_close_range, next, ~0U, 0);
}

/// Handlers and ignored signals of the parent mean nothing here.
static void reset_signals(void) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < SIGNAL_COUNT; number += 1) (void)sigaction(number, &standard, NULL);
}

static void set_blocked(bool blocked) {
    sigset_t set;
    if (blocked) {
        sigfillset(&set);
    } else {
        sigemptyset(&set);
    }
    sigprocmask(SIG_SETMASK, &set, NULL);
}

// MARK: - The program

/// The C library's own functions would make every thread of the parent take part.
static int become(uint32_t uid, uint32_t gid, const uint32_t *groups, size_t group_count, bool sets_groups) {
    if (sets_groups && syscall(__NR_setgroups, group_count, groups) < 0) return -errno;
    if (syscall(__NR_setresgid, gid, gid, gid) < 0) return -errno;
    if (syscall(__NR_setresuid, uid, uid, uid) < 0) return -errno;
    return 0;
}

static int keep_capabilities(uint64_t kept) {
    for (int number = 0; number < 64; number += 1) {
        if (kept >> number & 1) continue;
        // EINVAL: this kernel does not know it.
        if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) < 0 && errno != EINVAL) return -errno;
    }
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return 0;
}

static int limit_capabilities(uint64_t kept) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct held[2];
    if (syscall(__NR_capget, &header, held) < 0) return -errno;
    for (int half = 0; half < 2; half += 1) {
        uint32_t mask = (uint32_t)(kept >> (32 * half));
        held[half].permitted &= mask;
        held[half].effective &= mask;
        held[half].inheritable = 0;
    }
    return syscall(__NR_capset, &header, held) < 0 ? -errno : 0;
}

static int limit(int what, uint64_t value) {
    struct rlimit present;
    if (getrlimit(what, &present) < 0) return -errno;
    if (value > present.rlim_max) value = present.rlim_max;
    struct rlimit wanted = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(what, &wanted) < 0 ? -errno : 0;
}

/// Makes the kernel choose the program where memory is short, and not the process that watches it: that one may be a copy of
/// a large one. Without `/proc` the choice is the kernel's.
static void prefer_for_ending(void) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t written = write(file, "1000", 4);
    (void)written;
    close(file);
}

static int set_limits(const struct drydock_sandbox_plan *plan) {
    prefer_for_ending();
    int status = limit(RLIMIT_CORE, 0);
    if (status == 0 && plan->disk_limit > 0) status = limit(RLIMIT_FSIZE, plan->disk_limit);
    if (status == 0 && plan->process_limit > 0) status = limit(RLIMIT_NPROC, plan->process_limit);
    return status;
}

static int connect_streams(const struct drydock_sandbox_plan *plan) {
    int copies[3];
    for (int number = 0; number < 3; number += 1) {
        copies[number] = fcntl(plan->streams[number], F_DUPFD_CLOEXEC, FIRST_FREE_DESCRIPTOR);
        if (copies[number] < 0) return -errno;
    }
    for (int number = 0; number < 3; number += 1) {
        if (dup2(copies[number], number) < 0) return -errno;
    }
    return 0;
}

/// Lets the program open `/dev/stdout` and its like anew: a pipe or a terminal belongs to whoever made it. What it is not
/// possible for stays as it is; a file of the host is never given away.
static void give_streams(const struct drydock_sandbox_plan *plan) {
    for (int number = 0; number < 3; number += 1) {
        struct stat status;
        if (fstat(number, &status) < 0) continue;
        bool is_own_terminal = S_ISCHR(status.st_mode) && plan->controls_terminal;
        if (!S_ISFIFO(status.st_mode) && !is_own_terminal) continue;
        int given = fchown(number, plan->uid, (gid_t)-1);
        (void)given;
    }
}

static int install_listener(const struct drydock_sandbox_plan *plan) {
    int listener = -1;
    int status = drydock_emulation_install((enum drydock_emulation)plan->emulation, &listener);
    // Without it devices cannot be made, which few programs want.
    if (status < 0 && plan->emulation == DRYDOCK_EMULATION_DEVICES) return 0;
    if (status == 0) status = drydock_send_descriptor(plan->listener_socket, listener);
    if (listener >= 0) close(listener);
    return status;
}

static void require(const struct drydock_sandbox_plan *plan, int stage, int status) {
    if (status < 0) fail(plan, stage, status);
}

static _Noreturn void run_program(const struct drydock_sandbox_plan *plan) {
    if (plan->new_session) setsid();
    reset_signals();
    set_blocked(false);
    umask(022);
    require(plan, DRYDOCK_STAGE_STREAMS, connect_streams(plan));
    if (plan->controls_terminal) require(plan, DRYDOCK_STAGE_STREAMS, ioctl(0, TIOCSCTTY, 0) < 0 ? -errno : 0);
    if (plan->uid != 0) give_streams(plan);
    require(plan, DRYDOCK_STAGE_LIMITS, set_limits(plan));
    // As container engines do: a directory that only root may enter is where the program starts all the same.
    bool is_entered = chdir(plan->directory) == 0;
    require(plan, DRYDOCK_STAGE_CAPABILITIES, keep_capabilities(plan->capabilities));
    require(plan, DRYDOCK_STAGE_USER,
            become(plan->uid, plan->gid, plan->groups, plan->group_count, plan->sets_groups));
    // A volume may be closed to root and open to the user.
    if (!is_entered) require(plan, DRYDOCK_STAGE_DIRECTORY, chdir(plan->directory) < 0 ? -errno : 0);
    require(plan, DRYDOCK_STAGE_CAPABILITIES, limit_capabilities(plan->capabilities));
    require(plan, DRYDOCK_STAGE_FILTER, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0);
    syscall(__NR_close_range, FIRST_FREE_DESCRIPTOR, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
    require(plan, DRYDOCK_STAGE_FILTER, drydock_install_filter());
    // From here on this process's own calls wait for answers, too.
    if (plan->emulation != DRYDOCK_EMULATION_NONE) require(plan, DRYDOCK_STAGE_LISTENER, install_listener(plan));
    int failure = ENOENT;
    for (size_t index = 0; index < plan->program_count; index += 1) {
        // A child that another thread has just forked may hold the copy of a program open for writing until it executes.
        for (int attempt = 0; attempt < BUSY_ATTEMPTS; attempt += 1) {
            execve(plan->programs[index], plan->arguments, plan->environment);
            if (errno != ETXTBSY) break;
            usleep(BUSY_MICROSECONDS);
        }
        // The most telling one: a file that may not be executed is not a file that is missing.
        if (errno != ENOENT && errno != ENOTDIR) failure = errno;
    }
    fail(plan, DRYDOCK_STAGE_EXECUTE, -failure);
}

// MARK: - The first process

static uint64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/// The number of processes here: the entries of /proc whose names are numbers.
static uint64_t count_processes(void) {
    _Alignas(8) static char listing[32768];
    int directory = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) return 0;
    uint64_t count = 0;
    long length;
    while ((length = syscall(__NR_getdents64, directory, listing, sizeof listing)) > 0) {
        for (long offset = 0; offset < length; offset += *(uint16_t *)(listing + offset + 16)) {
            char first = listing[offset + 19];
            if (first >= '1' && first <= '9') count += 1;
        }
    }
    close(directory);
    return count;
}

struct watch {
    const struct drydock_sandbox_plan *plan;
    int program;
    int changes;
    uint64_t start;
    uint64_t next_measurement;
    /// When the present measurement counts no more, and how little room on the file system ends it before.
    uint64_t measured_until;
    uint64_t least_room;
    int reason;
};

/// The bytes that are free on the file system of a directory; 0 if that is not known.
static uint64_t free_room(int directory) {
    struct statfs status;
    return fstatfs(directory, &status) < 0 ? 0 : (uint64_t)status.f_bfree * (uint64_t)status.f_bsize;
}

/// Measures what was changed, which takes long where that is much: again only when the file system has filled up by half of
/// what was left, or after a while, for others may free as much meanwhile.
static void check_disk(struct watch *watch) {
    uint64_t limit = watch->plan->disk_limit;
    if (limit == 0 || watch->changes < 0) return;
    uint64_t before = milliseconds();
    uint64_t room = free_room(watch->changes);
    if (before < watch->next_measurement || (before < watch->measured_until && room > watch->least_room)) return;
    uint64_t use = drydock_disk_use(watch->changes);
    if (use > limit) watch->reason = DRYDOCK_END_DISK;
    uint64_t left = use < limit ? (limit - use) / 2 : 0;
    uint64_t after = milliseconds();
    watch->next_measurement = after + (after - before) * MEASURING_SHARE;
    watch->measured_until = after + MEASURING_INTERVAL;
    watch->least_room = room > left ? room - left : 0;
}

static void check_limits(struct watch *watch) {
    const struct drydock_sandbox_plan *plan = watch->plan;
    if (plan->time_limit_milliseconds > 0 && milliseconds() - watch->start > plan->time_limit_milliseconds) {
        watch->reason = DRYDOCK_END_TIME;
    }
    if (plan->process_limit > 0 && count_processes() > plan->process_limit + 1) watch->reason = DRYDOCK_END_PROCESSES;
    check_disk(watch);
}

static void obey(struct watch *watch) {
    unsigned char number;
    ssize_t count = read(watch->plan->control, &number, 1);
    // Nobody is there any more: everything ends with this process.
    if (count == 0) _exit(EXIT_FAILURE);
    if (count == 1 && number < SIGNAL_COUNT) kill(watch->program, number);
}

/// Waits until the program itself ends; others may run on.
static int wait_for_program(struct watch *watch) {
    for (;;) {
        int status;
        pid_t ended = waitpid(-1, &status, WNOHANG);
        if (ended == watch->program) return status;
        if (ended > 0) continue;
        check_limits(watch);
        if (watch->reason != DRYDOCK_END_BY_ITSELF) kill(watch->program, SIGKILL);
        // SIGCHLD is blocked and wakes nobody up, so short waits: a program's end is noticed by its pidfd.
        int program = (int)syscall(__NR_pidfd_open, watch->program, 0);
        struct pollfd events[2] = {
            {.fd = watch->plan->control, .events = POLLIN}, {.fd = program, .events = POLLIN}};
        int count = poll(events, 2, program < 0 ? 1 : WATCH_INTERVAL);
        close(program);
        if (count > 0 && events[0].revents != 0) obey(watch);
    }
}

/// Ends every other process of the namespace; whatever they start meanwhile is ended, too.
static void end_all(void) {
    for (;;) {
        kill(-1, SIGKILL);
        int status;
        pid_t ended = waitpid(-1, &status, 0);
        if (ended < 0 && errno == ECHILD) return;
    }
}

static void give_owners_back(const struct drydock_sandbox_plan *plan, int root) {
    if (root < 0 || fchdir(root) < 0) return;
    for (size_t index = 0; index < plan->step_count; index += 1) {
        const struct drydock_step *step = &plan->steps[index];
        if (step->kind != DRYDOCK_STEP_OWNER || !step->made) continue;
        (void)fchownat(AT_FDCWD, step->path, 0, 0, AT_SYMLINK_NOFOLLOW);
    }
}

static void tell_identity(const struct drydock_sandbox_plan *plan, int number, const struct drydock_identity *identity) {
    struct drydock_message message = {
        .kind = DRYDOCK_MESSAGE_IDENTITY, .first = number, .length = (uint32_t)sizeof *identity};
    drydock_write_all(plan->result, &message, sizeof message);
    drydock_write_all(plan->result, identity, sizeof *identity);
}

static int perform_step(const struct drydock_sandbox_plan *plan, int number, struct drydock_slots *slots) {
    struct drydock_step *step = &plan->steps[number];
    if (step->kind != DRYDOCK_STEP_IDENTIFY) return drydock_perform_step(step, slots);
    struct drydock_identity identity;
    int status = drydock_identify(step->path, &identity);
    if (status == 0) tell_identity(plan, number, &identity);
    return status;
}

static void perform_steps(const struct drydock_sandbox_plan *plan, struct drydock_slots *slots) {
    bool failed = false;
    for (size_t index = 0; index < plan->step_count; index += 1) {
        struct drydock_step *step = &plan->steps[index];
        if ((step->options & DRYDOCK_STEP_THEREFORE) && failed) continue;
        int status = perform_step(plan, (int)index, slots);
        if (status < 0 && !(step->options & DRYDOCK_STEP_OPTIONAL)) fail(plan, (int)index, status);
        if (status < 0) drydock_tell(plan->result, DRYDOCK_MESSAGE_MISSING, (int)index, -status);
        if (step->options & DRYDOCK_STEP_OPTIONAL) failed = status < 0;
    }
}

static void tell_changes(const struct drydock_sandbox_plan *plan, int changes) {
    bool is_open = false;
    int status = drydock_tell_entries(plan, changes, &is_open);
    if (status == 0 && plan->reclaims && !is_open) status = drydock_reclaim(changes);
    if (status < 0) fail(plan, DRYDOCK_STAGE_COLLECT, status);
}

static void supervise(const struct drydock_sandbox_plan *plan, int changes) {
    // fork() of the C library would take locks that another thread of the parent may have held.
    pid_t program = (pid_t)syscall(__NR_clone, SIGCHLD, 0, 0, 0, 0);
    if (program < 0) fail(plan, DRYDOCK_STAGE_FORK, -errno);
    if (program == 0) run_program(plan);
    // The program's own ends of pipes must be its alone, or nobody notices when it closes them.
    for (int number = 0; number < 3; number += 1) close(plan->streams[number]);
    struct watch watch = {.plan = plan, .program = program, .changes = changes, .start = milliseconds()};
    int status = wait_for_program(&watch);
    end_all();
    drydock_tell(plan->result, DRYDOCK_MESSAGE_ENDED, status, watch.reason);
    if (changes >= 0) tell_changes(plan, changes);
}

static _Noreturn void run_first_process(const struct drydock_sandbox_plan *plan) {
    int kept[] = {plan->streams[0], plan->streams[1],       plan->streams[2],
                  plan->control,    plan->listener_socket, plan->result};
    close_others(kept, sizeof kept / sizeof kept[0]);
    reset_signals();
    set_blocked(true);
    unsigned char go;
    if (read(plan->control, &go, 1) != 1) _exit(EXIT_FAILURE);
    if (plan->becomes_root) {
        int status = become(0, 0, NULL, 0, plan->sets_groups);
        if (status < 0) fail(plan, DRYDOCK_STAGE_IDENTITY, status);
    }
    // A second way to end with the parent, beside the control pipe; a change of identity takes it away, so after that.
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    umask(0);
    struct drydock_slots slots;
    for (int slot = 0; slot < DRYDOCK_SLOT_COUNT; slot += 1) slots.descriptors[slot] = -1;
    perform_steps(plan, &slots);
    // No process of the sandbox may look into this one.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    drydock_tell(plan->result, DRYDOCK_MESSAGE_READY, 0, 0);
    int changes = plan->changes_slot < 0 ? -1 : slots.descriptors[plan->changes_slot];
    if (plan->program_count > 0) supervise(plan, changes);
    give_owners_back(plan, slots.descriptors[DRYDOCK_SLOT_COUNT - 1]);
    drydock_tell(plan->result, DRYDOCK_MESSAGE_DONE, 0, 0);
    _exit(EXIT_SUCCESS);
}

static long start_child(const struct drydock_sandbox_plan *plan) {
    struct clone_args arguments = {
        .flags = plan->namespaces | (plan->control_group >= 0 ? CLONE_INTO_CGROUP : 0),
        .exit_signal = SIGCHLD,
        .cgroup = plan->control_group >= 0 ? (uint64_t)plan->control_group : 0,
    };
    long process = syscall(__NR_clone3, &arguments, sizeof arguments);
    if (process >= 0 || errno != ENOSYS) return process;
    // Container engines refuse clone3 like this, so that they can see the flags of clone.
    unsigned long flags = (unsigned long)plan->namespaces | SIGCHLD;
    return syscall(__NR_clone, flags, 0, 0, 0, 0);
}

int drydock_sandbox_start(struct drydock_sandbox_plan *plan) {
    // No handler of the parent may run in the child.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    long process = start_child(plan);
    if (process == 0) run_first_process(plan);
    int status = process < 0 ? -errno : (int)process;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return status;
}
