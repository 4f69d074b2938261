// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE
#include "CDrydockHost.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int drydock_wait(int process) {
    int status;
    pid_t ended;
    do {
        ended = waitpid(process, &status, 0);
    } while (ended < 0 && errno == EINTR);
    return ended < 0 ? -errno : status;
}

int drydock_pipe(int *reader, int *writer) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    *reader = ends[0];
    *writer = ends[1];
    return 0;
}

int drydock_socket_pair(int *first, int *second) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
    *first = ends[0];
    *second = ends[1];
    return 0;
}

int drydock_open_terminal(int *controller, int *terminal) {
    int opened = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0) return -errno;
    // By the descriptor: in a container the name may lead to another file system of terminals.
    int other = unlockpt(opened) < 0 ? -1 : ioctl(opened, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (other < 0) {
        int status = -errno;
        close(opened);
        return status;
    }
    *controller = opened;
    *terminal = other;
    return 0;
}

int drydock_copy_window_size(int from, int to) {
    struct winsize size;
    if (ioctl(from, TIOCGWINSZ, &size) < 0) return -errno;
    return ioctl(to, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

int drydock_run_quietly(const char *path, char *const *arguments) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0);
    posix_spawn_file_actions_adddup2(&actions, 0, 1);
    posix_spawn_file_actions_adddup2(&actions, 0, 2);
    pid_t process;
    char *environment[] = {NULL};
    int failure = posix_spawn(&process, path, &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) return -failure;
    int status = drydock_wait(process);
    if (status < 0) return status;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int drydock_try_lock(int descriptor) { return flock(descriptor, LOCK_EX | LOCK_NB) < 0 ? -errno : 0; }
