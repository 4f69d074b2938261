// SPDX-License-Identifier: Apache-2.0
//
// Programs of the host.

#define _GNU_SOURCE
#include "CDrydockHost.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <time.h>

extern char **environ;

/// How often a program is started again that somebody has open for writing, and the pause before that: 2 s in all.
enum { busy_attempts = 200, busy_pause_nanoseconds = 10 * 1000 * 1000 };

static int add_actions(posix_spawn_file_actions_t *actions, const struct drydock_launch *launch) {
    int failure = launch->input < 0 ? posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0)
                                    : posix_spawn_file_actions_adddup2(actions, launch->input, 0);
    if (failure == 0) failure = posix_spawn_file_actions_adddup2(actions, launch->output, 1);
    if (failure == 0 && launch->directory) failure = posix_spawn_file_actions_addchdir_np(actions, launch->directory);
    return failure;
}

/// Signals as a shell starts programs: nothing blocked, and what this process or its threads ignore is not ignored.
static int set_attributes(posix_spawnattr_t *attributes, const struct drydock_launch *launch) {
    sigset_t none, standard;
    sigemptyset(&none);
    sigemptyset(&standard);
    const int numbers[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD};
    for (size_t index = 0; index < sizeof numbers / sizeof *numbers; index++) sigaddset(&standard, numbers[index]);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &standard);
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    if (launch->own_group) flags |= POSIX_SPAWN_SETPGROUP;
    return posix_spawnattr_setflags(attributes, flags);
}

int drydock_spawn(const struct drydock_launch *launch, int *process) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure != 0) return -failure;
    failure = posix_spawnattr_init(&attributes);
    if (failure == 0) {
        failure = add_actions(&actions, launch);
        if (failure == 0) failure = set_attributes(&attributes, launch);
        pid_t started = 0;
        char *const *variables = launch->environment ? launch->environment : environ;
        for (int attempt = 0; failure == 0; attempt++) {
            failure = posix_spawnp(&started, launch->program, &actions, &attributes, launch->arguments, variables);
            if (failure == 0) *process = started;
            if (failure != ETXTBSY || attempt == busy_attempts) break;
            failure = 0;
            nanosleep(&(struct timespec){.tv_nsec = busy_pause_nanoseconds}, NULL);
        }
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return -failure;
}
