// SPDX-License-Identifier: Apache-2.0
//
// What the parts of the sandbox share. All of it runs between fork and exec: no allocation, no locks.

#ifndef CDRYDOCKHOST_SANDBOX_INTERNAL_H
#define CDRYDOCKHOST_SANDBOX_INTERNAL_H

#include "sandbox.h"

#include <stdbool.h>

/// Descriptors that steps have opened, -1 where there is none.
struct drydock_slots {
    int descriptors[DRYDOCK_SLOT_COUNT];
};

/// Carries out one step: 0 or a negated errno.
int drydock_perform_step(struct drydock_step *step, struct drydock_slots *slots);

/// What identifies a file, which is not followed if it is a link; 0 or a negated errno.
int drydock_identify(const char *path, struct drydock_identity *identity);

/// Writes all bytes, or ends the process: nobody is there who could read them.
void drydock_tell(int result, enum drydock_message_kind kind, int first, int second);
void drydock_write_all(int descriptor, const void *bytes, size_t count);

/// Tells every entry below `directory`, and whether there is nothing for `drydock_reclaim` to do; 0 or a negated errno.
int drydock_tell_entries(const struct drydock_sandbox_plan *plan, int directory, bool *is_open);

/// Gives everything below `directory` to user 0 and makes it readable and removable by it.
int drydock_reclaim(int directory);

/// The bytes on disk below `directory`.
uint64_t drydock_disk_use(int directory);

/// Removes everything below `directory`.
int drydock_remove_entries(int directory);

/// Installs the filter of system calls that no build needs; 0 or a negated errno.
int drydock_install_filter(void);

#endif
